#!/bin/sh
# A machine of its own that systemd starts, made of the machine that this runs on: everything is written into
# memory and gone with its first process. Arguments: "outside", a directory for it, the
# project, the program that is Node.js or all of Postern.
#
# systemd's own units would change this machine: they clean /tmp, rename network devices and set sysctls. So
# there are none but those of its journal; /dev and /sys are not this machine's, and what root may do to a kernel
# is taken away. The network is shared: the gateway of a test listens on a loopback address.
set -eu
stage=$1 base=$2 project=$3 program=$4

# systemd begins a tree of cgroups: it has one of its own, whose namespace shows nothing above it.
outside() {
  mount --make-rprivate /
  mount -t tmpfs -o mode=755 postern-systemd "$base"
  mkdir "$base/cgroup"
  mount -t cgroup2 cgroup2 "$base/cgroup"
  own=$base/cgroup/postern-test-$$
  mkdir "$own"
  unshare --pid --mount --fork --kill-child --uts --ipc \
    /bin/sh "$0" inside "$base" "$project" "$program" "$own/cgroup.procs" </dev/null &
  machine=$!
  echo "machine $machine"
  trap 'kill -KILL $machine' TERM
  while kill -0 $machine 2>/dev/null; do wait $machine || true; done
  # What was in it may still be on its way out.
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    find "$own" -depth -type d -exec rmdir {} + 2>/dev/null && exit 0
    sleep 0.1
  done
  exit 1
}

inside() {
  echo 0 >"$1"
  exec unshare --cgroup /bin/sh "$0" machine "$base" "$project" "$program"
}

case $stage in
  outside) outside ;;
  inside) inside "$5" ;;
esac

mkdir "$base/upper" "$base/work" "$base/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$base/upper,workdir=$base/work" "$base/root"
cd "$base/root"

mount -t proc proc proc
mount --bind /sys sys
mount -o remount,bind,ro sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
for place in run tmp; do mount -t tmpfs -o mode=755 tmpfs $place; done
chmod 1777 tmp
mount -t tmpfs -o mode=755 tmpfs dev
mkdir dev/pts dev/shm
for name in null zero full random urandom tty; do
  : >dev/$name
  mount --bind /dev/$name dev/$name
done
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
: >dev/console

# A name that systemd's syntax has other meanings for.
place='opt/50% off $HOME'
mkdir -p "$place/postern"
: >"$place/program"
mount --bind "$project" "$place/postern"
mount --bind "$program" "$place/program"

units=usr/lib/systemd/system
mkdir kept
for name in systemd-journald.service systemd-journald.socket systemd-journald-dev-log.socket \
  network.target network-online.target multi-user.target basic.target sysinit.target shutdown.target \
  umount.target final.target sockets.target system.slice; do
  [ ! -e $units/$name ] || cp $units/$name kept/
done
rm -rf $units usr/lib/systemd/system-generators etc/systemd/system etc/systemd/system.conf.d \
  etc/init.d etc/postern var/log/journal
mkdir -p $units etc/systemd/system run/systemd
mv kept/* $units/
rmdir kept
# Without what they pull in.
for name in sysinit basic multi-user; do
  printf '[Unit]\nDescription=%s\nDefaultDependencies=no\nWants=systemd-journald.service\n' $name >$units/$name.target
done
echo 0123456789abcdef0123456789abcdef >etc/machine-id

mkdir old
pivot_root . old
umount -l old
rmdir old
# Outside of containers systemd does that: credentials come to a service by what is passed on.
mount --make-rshared /
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin \
  setpriv --bounding-set -net_admin,-sys_time,-sys_module,-sys_boot,-sys_rawio,-audit_control,-audit_read \
  /lib/systemd/systemd --system --unit=multi-user.target --log-target=journal --show-status=0
