#!/bin/bash
# Fills the directory $1 with the Docker Engine of Debian's suite $2, unpacked beside the system, not installed.
# Idempotent, and several may come at once. Signatures are checked; a mirror frozen in time is as good as today's.
set -euo pipefail
root=$1 suite=$2 log=$1.log
say() { echo "[$(basename "$root")] $*" >&2; }
fail() { say "$1 failed:"; tail -n 5 "$log" >&2; exit 1; }

umask 022
mkdir -p "$(dirname "$root")"
exec 9>"$root.lock"
flock 9
[ ! -e "$root.ready" ] || exit 0

say "fetching the Docker Engine of Debian $suite into $root"
rm -rf --one-file-system -- "$root"
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
mkdir -p "$root" "$work"/{lists/partial,cache/archives/partial,sources,packages}
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | head -n 1)
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: %s\n' "$mirror" "$suite" "$keyring" >"$work/sources/d.sources"
apt=(timeout 300 apt-get -q -o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work/cache" -o "Dir::Etc::sourceparts=$work/sources"
  -o Dir::Etc::sourcelist=/dev/null -o APT::Sandbox::User=root -o Acquire::Languages=none -o Acquire::Retries=2
  -o Acquire::Check-Valid-Until=false)
packages=(docker.io containerd busybox-static)
[ "$suite" = bookworm ] || packages+=(docker-cli docker-compose docker-buildx)
"${apt[@]}" update >"$log" 2>&1 || fail "apt-get update"
(cd "$work/packages" && "${apt[@]}" download "${packages[@]}" >>"$log" 2>&1) || fail "apt-get download"
for package in "$work"/packages/*.deb; do dpkg -x "$package" "$root"; done
[ -e "$root/usr/bin/busybox" ] || mv "$root/bin/busybox" "$root/usr/bin/busybox" # Debian 12's is in /bin
touch "$root.ready"
