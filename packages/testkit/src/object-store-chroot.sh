#!/bin/bash
# Fills the directory $1 with a Debian sid that has Ceph's newest S3 gateway. Idempotent, and several may come at once.
set -euo pipefail
root=$1 log=$1.log
say() { echo "[$(basename "$root")] $*" >&2; }
fail() { say "$1 failed:"; tail -n 5 "$log" >&2; exit 1; }

umask 022
mkdir -p "$(dirname "$root")"
exec 9>"$root.lock"
flock 9
[ ! -e "$root.ready" ] || exit 0

say "installing Debian sid with Ceph (about 800 MB) into $root"
rm -rf --one-file-system -- "$root"
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | head -n 1)
debootstrap --variant=minbase sid "$root" "$mirror" >"$log" 2>&1 || fail debootstrap
# No package's script may start a daemon.
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod +x "$root/usr/sbin/policy-rc.d"
[ ! -e /etc/resolv.conf ] || cp /etc/resolv.conf "$root/etc/resolv.conf"
# A mirror frozen in time is as good as today's; the archive's signature is checked all the same.
install='apt-get -o Acquire::Check-Valid-Until=false update -qq &&
  apt-get install -y -qq --no-install-recommends radosgw ceph-mon ceph-osd && apt-get clean'
env -u LD_LIBRARY_PATH PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive \
  unshare --mount sh -c 'mount -t proc proc "$1/proc" && exec chroot "$1" sh -c "$2"' sh "$root" "$install" \
  >>"$log" 2>&1 || fail "apt-get install"
touch "$root.ready"
