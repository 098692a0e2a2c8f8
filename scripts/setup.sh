#!/bin/bash
# Makes this machine ready to build and test: installs what is missing (as root, with apt-get), then the npm packages.
# As an ordinary user it prints the command for root; everything else works without root.
# setup.sh npm: only the npm packages. setup.sh demo: only what building and the demo need. setup.sh protocols: the servers
# of the heavier protocol tests as well.
set -eu
cd "$(dirname "$0")/.."
export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"

# command:package of Debian, Ubuntu
needed='make:make cc:gcc ip:iproute2 modprobe:kmod pgrep:procps setsid:util-linux'
[ "${1:-}" = demo ] || needed="$needed ipvsadm:ipvsadm keepalived:keepalived tcpdump:tcpdump openssl:openssl arping:arping
  curl:curl nft:nftables tshark:tshark vtysh:frr nginx:nginx-light haproxy:haproxy dnsmasq:dnsmasq-base
  redis-server:redis-server memcached:memcached sshd:openssh-server"
[ "${1:-}" != protocols ] || needed="$needed named:bind9 chronyd:chrony mariadbd:mariadb-server pg_ctlcluster:postgresql
  slapd:slapd ldapwhoami:ldap-utils dovecot:dovecot-imapd exim4:exim4-daemon-light freeradius:freeradius vsftpd:vsftpd
  mosquitto:mosquitto snmpd:snmpd rsync:rsync kamailio:kamailio turnserver:coturn rabbitmq-server:rabbitmq-server"
# Elsewhere the one test that needs it is skipped.
[ "${CI:-}" != true ] || needed="$needed systemd-analyze:systemd"

host_has_ipvs() {
  [ "$(id -u)" = 0 ] || return 1
  [ -e /proc/net/ip_vs ] || modprobe -q ip_vs 2>/dev/null
}

missing() {
  local pair
  for pair in $needed; do
    command -v "${pair%:*}" >/dev/null || echo "${pair#*:}"
  done
  # What is no command: gRPC for Python, and parts of dovecot.
  case " $needed " in *' nginx:'*)
    [ -e /usr/lib/python3/dist-packages/grpc ] || echo python3-grpcio
    [ -e /usr/lib/python3/dist-packages/google/protobuf ] || echo python3-protobuf ;;
  esac
  case " $needed " in *' dovecot:'*)
    for pair in pop3 lmtp; do [ -e /usr/lib/dovecot/$pair ] || echo dovecot-${pair}d; done ;;
  esac
  [ -e /usr/include/stdlib.h ] || echo libc6-dev # gcc only recommends it
  # The IPVS lab: the host's own ip_vs, else a kernel that has it, as a program.
  host_has_ipvs || command -v linux.uml >/dev/null || echo user-mode-linux
}

install() {
  local policy=/usr/sbin/policy-rc.d made=no code=0 package unit
  # No daemon is to start because its package was installed.
  if [ ! -e $policy ]; then
    made=yes
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod +x $policy
  fi
  export DEBIAN_FRONTEND=noninteractive
  echo "setup: installing $*"
  apt-get update -qq && apt-get install -qq -y --no-install-recommends "$@" >.cache/apt.log 2>&1 || code=$?
  [ $made = no ] || rm -f $policy
  # Nor with the next boot: some have a configuration from the start.
  for package; do
    case $package in
    frr | haproxy | redis-server | memcached | chrony | slapd | freeradius | vsftpd | mosquitto | snmpd | postgresql | \
      kamailio | coturn | rabbitmq-server | rsync) unit=$package ;;
    nginx-light) unit=nginx ;;
    openssh-server) unit=ssh ;;
    bind9) unit=named ;;
    mariadb-server) unit=mariadb ;;
    dovecot-imapd) unit=dovecot ;;
    exim4-daemon-light) unit=exim4 ;;
    *) continue ;;
    esac
    systemctl disable -q "$unit" 2>/dev/null || true
  done
  [ $code = 0 ] || tail -n 20 .cache/apt.log >&2
  return $code
}

mkdir -p .cache
if ! node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null; then
  echo "setup: Node.js 20.19 or newer is needed (found: $(node --version 2>/dev/null || echo none)): see https://nodejs.org" >&2
  exit 1
fi

# npm writes node_modules/.package-lock.json at the end of every installation.
if [ ! node_modules/.package-lock.json -nt package-lock.json ]; then
  npm ci --no-audit --no-fund --loglevel=error
  touch node_modules/.package-lock.json
fi
[ "${1:-}" != npm ] || exit 0

packages=$(missing | sort -u | tr '\n' ' ')
if [ -n "${packages// /}" ]; then
  if ! command -v apt-get >/dev/null; then
    echo "setup: install what these Debian packages contain, then try again: $packages" >&2
    exit 1
  elif [ "$(id -u)" != 0 ]; then
    echo "setup: some programs are missing. As root run:" >&2
    echo "  apt-get update && apt-get install --no-install-recommends $packages" >&2
    exit 1
  fi
  # shellcheck disable=SC2086 # one word a package
  install $packages
fi
# Full NAT needs nftables for IP as well, which User-Mode Linux lacks.
[ "${1:-}" = demo ] || host_has_ipvs || [ -e .cache/qemu/initrd ] || scripts/lab-qemu.sh --fetch
