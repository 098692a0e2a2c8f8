#!/bin/bash
# Runs COMMAND as root on Debian's own kernel, in an emulated machine whose file system is this one. For what Debian's
# User-Mode Linux lacks (nftables for IP) where the host has no ip_vs. Slow: boots in 10 s, lvsd needs 20 s to start.
#
#   scripts/lab-qemu.sh [--timeout S] -- COMMAND...
#   scripts/lab-qemu.sh --fetch        only fetches what it needs
#
# Kernel and emulator are Debian packages (90 MB), unpacked into .cache/qemu the first time; nothing is installed. x86-64 only.
# COMMAND sees what it sees in scripts/lab.sh. The exit code is COMMAND's; 124 after a timeout, 125 when it could not be started.
set -u

root=$(cd "$(dirname "$0")/.." && pwd)
cache=$root/.cache/qemu
limit_s=600
fetch_only=no
[ "${1:-}" != --fetch ] || { fetch_only=yes; shift; set -- -- true; }
[ "${1:-}" != --timeout ] || { limit_s=$2; shift 2; }
[ "${1:-}" = -- ] && shift
[ $# -gt 0 ] || { sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" >&2; exit 2; }
say() { echo "lab: $*" >&2; }

# The newest one: linux-image-amd64 depends on it.
kernel_package() { apt-cache depends linux-image-amd64 2>/dev/null | sed -n 's/^ *Depends: //p' | head -1; }

fetch() {
  local image new=$cache.new
  rm -rf "$new"
  mkdir -p "$new/debs/partial" "$new/kernel" "$new/emulator"
  say "fetching Debian's kernel and QEMU (90 MB)"
  [ "$(uname -m)" = x86_64 ] || { say "only on x86-64"; return 1; }
  [ "$(id -u)" = 0 ] || { say "As root run: scripts/lab-qemu.sh --fetch"; return 1; }
  image=$(kernel_package)
  [ -n "$image" ] || { apt-get update -qq >/dev/null 2>&1; image=$(kernel_package); }
  [ -n "$image" ] || { say "apt-get knows no package linux-image-amd64"; return 1; }
  (cd "$new/debs" && apt-get download "$image" busybox-static >/dev/null 2>&1) || return 1
  apt-get install -y -qq --no-install-recommends --download-only -o Dir::Cache::archives="$new/debs" qemu-system-x86 >/dev/null 2>&1 || return 1
  dpkg -x "$new"/debs/linux-image-*.deb "$new/kernel" || return 1
  rm "$new"/debs/linux-image-*.deb
  for deb in "$new"/debs/*.deb; do dpkg -x "$deb" "$new/emulator" || return 1; done
  rm -rf "$new/debs"
  depmod -b "$new/kernel" "$(ls "$new/kernel/lib/modules")" || return 1
  make_initrd "$new" && rm -rf "$cache" && mv "$new" "$cache"
}

# Just enough to mount this file system: busybox and the modules of virtio and 9p.
make_initrd() {
  local ird=$1/initrd.d release module
  release=$(ls "$1/kernel/lib/modules")
  mkdir -p "$ird"/{mod,proc,sys,dev,root}
  cp "$1/emulator/bin/busybox" "$ird/busybox"
  for module in virtio_pci 9p 9pnet_virtio; do modprobe -d "$1/kernel" -S "$release" --show-depends $module; done |
    awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r module; do
      cp "$module" "$ird/mod/"
      basename "$module" >>"$ird/mod/order"
    done
  cat >"$ird/init" <<'END'
#!/busybox sh
/busybox mount -t proc proc /proc
/busybox mount -t devtmpfs dev /dev
while read m; do /busybox insmod /mod/$m; done </mod/order
inside=$(/busybox sed -n 's/.*lab_inside=\([^ ]*\).*/\1/p' /proc/cmdline)
/busybox umount /proc
/busybox mount -t 9p -o trans=virtio,version=9p2000.L,msize=1048576,cache=loose,access=any host /root || /busybox poweroff -f
/busybox mount --move /dev /root/dev
exec /busybox switch_root /root "$inside"
END
  chmod +x "$ird/init"
  (cd "$ird" && find . | "$ird/busybox" cpio -o -H newc >../initrd 2>/dev/null) && rm -rf "$ird"
}

[ -e "$cache/initrd" ] || fetch || { say "could not fetch them"; exit 125; }
[ $fetch_only = no ] || exit 0
parent=${TMPDIR:-/tmp}
dir=$(mktemp -d "$parent/lvsd-qemu.XXXXXX") || exit 125
machine_pid='' tail_pid=''
# shellcheck disable=SC2086 # one word a process, or none
trap 'kill $machine_pid $tail_pid 2>/dev/null; rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM HUP
{
  for name in $(compgen -e); do
    case $name in CI | LANG | NODE_OPTIONS | LVSD_*) printf 'export %s=%q\n' "$name" "${!name}" ;; esac
  done
  printf 'cd %q || exit 125\nexec' "$PWD"
  printf ' %q' "$@"
  echo
} >"$dir/command"
cat >"$dir/inside" <<END
#!/bin/bash
export PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mkdir -p /dev/pts /dev/shm
ln -sfn /proc/self/fd /dev/fd
for n in 0:stdin 1:stdout 2:stderr; do ln -sfn "/proc/self/fd/\${n%:*}" "/dev/\${n#*:}"; done
mount -t devpts devpts /dev/pts; mount -t tmpfs tmpfs /dev/shm; mount -t tmpfs tmpfs /run
mkdir -p /run/netns /run/tmp /run/home /run/lock /run/kmod/lib
ln -s "$cache/kernel/lib/modules" /run/kmod/lib/modules
printf '#!/bin/sh\nexec /sbin/modprobe -d /run/kmod "\$@"\n' >/run/modprobe
chmod +x /run/modprobe
echo /run/modprobe >/proc/sys/kernel/modprobe
modprobe -d /run/kmod -a ip_vs ip_vs_rr ip_vs_wrr ip_vs_lc ip_vs_wlc ip_vs_sh ip_vs_mh ip_vs_sed ip_vs_nq veth bridge dummy macvlan ipip
ip link set lo up
export HOME=/run/home TMPDIR=/run/tmp LVSD_LAB=1 LVSD_LAB_UML=1 LVSD_LAB_IPVS=0
[ ! -e /proc/net/ip_vs ] || LVSD_LAB_IPVS=1
bash "$dir/command" </dev/null >"$dir/output" 2>&1
echo \$? >"$dir/exit-code"
sync
perl -e 'syscall(169, 0xfee1dead, 672274793, 0x4321fedc)'
END
chmod +x "$dir/inside"
: >"$dir/output"
tail -f -n +1 "$dir/output" &
tail_pid=$!
libraries=$cache/emulator/usr/lib/x86_64-linux-gnu:$cache/emulator/lib/x86_64-linux-gnu
LD_LIBRARY_PATH=$libraries timeout -k 2 "$limit_s" "$cache/emulator/usr/bin/qemu-system-x86_64" \
  -L "$cache/emulator/usr/share/qemu" -L "$cache/emulator/usr/share/seabios" -M q35 -accel tcg,thread=multi,tb-size=512 -cpu Nehalem \
  -smp 1 -m 2048 -display none -monitor none -no-reboot -nodefaults -serial "file:$dir/console" -kernel "$cache"/kernel/boot/vmlinuz-* \
  -initrd "$cache/initrd" -append "console=ttyS0 quiet panic=-1 mitigations=off lab_inside=$dir/inside" \
  -fsdev local,id=host,path=/,security_model=passthrough,multidevs=remap -device virtio-9p-pci,fsdev=host,mount_tag=host </dev/null &
machine_pid=$!
wait $machine_pid
code=$?
sleep 0.2 # tail's last lines
[ $code != 124 ] || { say "still running after $limit_s s, killed: $*"; exit 124; }
[ -s "$dir/exit-code" ] && exit "$(cat "$dir/exit-code")"
say "The machine ended without a result"
tail -n 20 "$dir/console" >&2
exit 125
