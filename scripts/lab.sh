#!/bin/bash
# Runs COMMAND in a private lab: its own mounts, network and processes, with root rights inside.
#
#   --ipvs    (default) IPVS is needed: the host's kernel if it has ip_vs and we are root, else User-Mode Linux
#   --native  IPVS is not needed: namespaces of the host's kernel if we are root, else User-Mode Linux
#   --nft     IPVS and nftables for IP are needed, which Debian's User-Mode Linux lacks: the host's kernel, else an emulated
#             machine (lab-qemu.sh), which is slow
#   --uml     User-Mode Linux always (needs no root)
#   --tty     COMMAND gets the terminal (a shell, for example); there is no time limit then
#   --timeout S   kill everything after S seconds (default 600)
#
# COMMAND sees: LVSD_LAB_IPVS=1 when the kernel has ip_vs, LVSD_LAB_UML=1 inside User-Mode Linux, a private /run,
# TMPDIR on it, and PATH with the sbin folders. The exit code is COMMAND's; 124 after a timeout, 125 when no lab could be
# started. However it ends (Ctrl-C and kill -9 included), no process, namespace or mount stays behind.
set -u

here=$(cd "$(dirname "$0")" && pwd)
export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
mode=ipvs tty=0 limit_s=600
usage() { sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" >&2; echo "Usage: scripts/lab.sh [--ipvs|--native|--nft|--uml] [--tty] [--timeout S] -- COMMAND..." >&2; exit 2; }
while [ $# -gt 0 ]; do
  case $1 in
    --ipvs | --native | --nft | --uml) mode=${1#--} ;;
    --tty) tty=1 ;;
    --timeout) [ $# -ge 2 ] || usage; limit_s=$2; shift ;;
    --) shift; break ;;
    *) usage ;;
  esac
  shift
done
[ $# -gt 0 ] || usage
case $limit_s in '' | *[!0-9]*) usage ;; esac

say() { echo "lab: $*" >&2; }

# A namespace lab needs real root: a user namespace would do for most, but tcpdump cannot drop its privileges there, nobody
# may take a real-time priority, and before Linux 6.5 the kernel refuses IPVS. Without CAP_SYS_ADMIN (many containers) it fails.
unshare_args=(--mount --net --pid --fork --kill-child=KILL --mount-proc)
namespaces_work() { [ "$(id -u)" = 0 ] && unshare "${unshare_args[@]}" sh -c 'mount -t tmpfs tmpfs /run && ip link add type veth' 2>/dev/null; }

host_has_ipvs() {
  [ "$(id -u)" = 0 ] || return 1
  modprobe -qa ip_vs ip_vs_rr ip_vs_wrr ip_vs_lc ip_vs_wlc ip_vs_sh ip_vs_mh ip_vs_sed ip_vs_nq veth bridge ipip 2>/dev/null
  unshare --net test -e /proc/net/ip_vs -a -e /proc/sys/net/ipv4/vs 2>/dev/null
}

place=uml
case $mode in
  native) if namespaces_work; then place=host; else say "not root, or namespaces are not allowed here: using User-Mode Linux"; fi ;;
  ipvs) if host_has_ipvs && namespaces_work; then place=host; fi ;;
  nft)
    if host_has_ipvs && namespaces_work && unshare --net nft -c add table inet lvsd_probe 2>/dev/null; then place=host
    else exec "$here/lab-qemu.sh" --timeout "$limit_s" -- "$@"; fi ;;
esac

parent=${TMPDIR:-/tmp}
case $parent in *[[:space:]]*) parent=/tmp ;; esac # the path travels on the kernel's command line
dir=$(mktemp -d "$parent/lvsd-lab.XXXXXX") || exit 125
# The guard ends the lab and removes its folder when this script is gone, whatever killed it: only then the pipe (fd 8) ends.
# The folder's unique name on the command line marks our processes, among them those that User-Mode Linux forks.
guard() {
  local watchdog_pid pids
  trap '' INT TERM HUP
  watchdog_pid=$(cat)
  [ -z "$watchdog_pid" ] || kill "$watchdog_pid" 2>/dev/null
  for _ in $(seq 50); do
    pids=$(pgrep -f -- "$dir") || break
    # shellcheck disable=SC2086 # one word a process
    kill -KILL $pids 2>/dev/null
    sleep 0.02
  done
  rm -rf "$dir"
}
exec 8> >(guard >/dev/null 2>&1)
guard_pid=$!
finish() {
  trap '' INT TERM HUP
  exec 8>&-
  wait "$guard_pid" 2>/dev/null
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

# The command with the variables that it may need, as a script for the inside.
{
  for name in $(compgen -e); do
    case $name in CI | TERM | LANG | COLUMNS | LINES | NODE_OPTIONS | PATH | LVSD_*) printf 'export %s=%q\n' "$name" "${!name}" ;; esac
  done
  printf 'cd %q || exit 125\n' "$PWD"
  printf 'exec'
  printf ' %q' "$@"
  echo
} >"$dir/command"
cp "$here/lab-inside.sh" "$dir/inside" && chmod +x "$dir/inside"

if [ $place = host ]; then
  lab=(env -i "PATH=$PATH" "LVSD_LAB_DIR=$dir" LVSD_LAB_UML=0 unshare "${unshare_args[@]}" "$dir/inside")
else
  command -v linux.uml >/dev/null || { say "This kernel has no ip_vs (or we are not root) and User-Mode Linux is missing: as root run: apt-get install user-mode-linux"; exit 125; }
  mem_mb=${LVSD_LAB_MEM_MB:-2048}
  # The guest's memory is a sparse file: on tmpfs if it fits there, else in the lab's folder.
  memory_dir=$dir
  [ "$(df -m --output=avail /dev/shm 2>/dev/null | tail -1)" -gt "$mem_mb" ] 2>/dev/null && [ -w /dev/shm ] && memory_dir=/dev/shm
  # con1 is the program's terminal, con0 the kernel's log.
  lab=(env -i "HOME=$dir" "TMPDIR=$memory_dir" "PATH=$PATH" linux.uml "mem=${mem_mb}M" "umid=lvsd-lab-$$" rootfstype=hostfs root=/dev/root rw hostfs=/
    "init=$dir/inside" con=null con0=null,fd:9 con1=fd:0,fd:1 ssl=null quiet "LVSD_LAB_DIR=$dir" LVSD_LAB_UML=1 "LVSD_LAB_TTY=$tty")
fi

if [ $tty = 1 ]; then
  saved_tty=$(stty -g 2>/dev/null)
  "${lab[@]}" 8>&- 9>"$dir/kernel.log"
  [ -z "$saved_tty" ] || stty "$saved_tty"
else
  if [ $place = host ]; then
    setsid "${lab[@]}" </dev/null 8>&- &
  else
    # Through cat, so that User-Mode Linux never sees (and changes) the terminal.
    setsid "${lab[@]}" </dev/null > >(exec cat 8>&-) 2>"$dir/uml.log" 8>&- 9>"$dir/kernel.log" &
  fi
  lab_pid=$!
  sleep "$limit_s" 8>&- &
  watchdog_pid=$!
  echo "$watchdog_pid" >&8
  wait -n "$lab_pid" "$watchdog_pid"
  if ! kill -0 "$watchdog_pid" 2>/dev/null; then
    say "still running after $limit_s s, killed: $*"
    tail -n 20 "$dir/kernel.log" 2>/dev/null >&2
    exit 124
  fi
fi
if code=$(cat "$dir/exit-code" 2>/dev/null) && [ -n "$code" ]; then exit "$code"; fi
say "The lab ended without a result"
cat "$dir/uml.log" "$dir/kernel.log" 2>/dev/null | tail -n 40 >&2
exit 125
