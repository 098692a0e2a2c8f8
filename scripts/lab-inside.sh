#!/bin/bash
# The first process of a lab (started by lab.sh): prepares the kernel, runs $LVSD_LAB_DIR/command, leaves its exit code in
# $LVSD_LAB_DIR/exit-code. Inside User-Mode Linux it is the init of a kernel whose root is the host's file system.
export PATH="${PATH:-/usr/local/bin:/usr/bin:/bin}:/usr/local/sbin:/usr/sbin:/sbin"

# Debian's package keeps the modules outside /lib/modules, and the host's /lib may not be ours to write:
# a folder on our tmpfs links to them, for us (modprobe -d) and for the kernel's own autoloading.
load_modules() {
  local modules="/usr/lib/uml/modules/$(uname -r)"
  mkdir -p /run/kmod/lib/modules
  ln -s "$modules" /run/kmod/lib/modules/
  printf '#!/bin/sh\nexec /sbin/modprobe -d /run/kmod "$@"\n' >/run/modprobe
  chmod +x /run/modprobe
  echo /run/modprobe >/proc/sys/kernel/modprobe
  local schedulers
  schedulers=$(cd "$modules/kernel/net/netfilter/ipvs" && ls | sed -n 's/^\(ip_vs_.*\)\.ko.*/\1/p' | grep -Ev 'ftp|pe_sip')
  # shellcheck disable=SC2086 # one word a module
  modprobe -d /run/kmod -a ip_vs $schedulers veth bridge dummy macvlan ipip || echo "lab: modprobe failed" >&2
}

if [ "$LVSD_LAB_UML" = 1 ]; then
  mount -t proc proc /proc
  mount -t sysfs sysfs /sys
  mkdir -p /dev/pts /dev/shm
  ln -sfn /proc/self/fd /dev/fd
  for n in 0:stdin 1:stdout 2:stderr; do ln -sfn "/proc/self/fd/${n%:*}" "/dev/${n#*:}"; done
  mount -t devpts devpts /dev/pts
  mount -t tmpfs tmpfs /dev/shm
fi
mount -t tmpfs tmpfs /run || exit 125
mkdir -p /run/netns /run/tmp /run/home /run/lock
if [ "$LVSD_LAB_UML" = 1 ]; then
  exec </dev/tty1 >/dev/tty1 2>&1
  load_modules
fi
ip link set lo up

export HOME=/run/home TMPDIR=/run/tmp LVSD_LAB_UML
export LVSD_LAB=1 LVSD_LAB_IPVS=0
[ ! -e /proc/net/ip_vs ] || LVSD_LAB_IPVS=1

if [ "$LVSD_LAB_UML" = 0 ]; then
  bash "$LVSD_LAB_DIR/command"
  code=$?
elif [ "$LVSD_LAB_TTY" = 1 ]; then
  setsid --ctty --wait bash "$LVSD_LAB_DIR/command"
  code=$?
else
  stty -opost # else every line would end in CR LF
  # A pipe, so that programs do not believe in a terminal. cat may outlive the command by what is still to be written.
  exec 3> >(exec cat)
  cat_pid=$!
  bash "$LVSD_LAB_DIR/command" >&3 2>&1 3>&- </dev/null
  code=$?
  exec 3>&-
  for _ in $(seq 40); do kill -0 "$cat_pid" 2>/dev/null || break; sleep 0.05; done
fi
echo "$code" >"$LVSD_LAB_DIR/exit-code"
[ "$LVSD_LAB_UML" = 1 ] || exit 0
# Power off: a fresh Debian has no halt command, but perl: reboot(2) with LINUX_REBOOT_CMD_POWER_OFF.
sync
perl -e 'syscall(169, 0xfee1dead, 672274793, 0x4321fedc)'
