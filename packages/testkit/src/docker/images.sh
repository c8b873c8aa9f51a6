#!/bin/bash
# Makes images without a registry, as FROM scratch would.  $1: a static busybox  $2: node, or "" for an image without it
# $3: tag  $4...: more tags. A node image has that node, its libraries, a user `node` and busybox.
set -euo pipefail
busybox=$1 node=$2 tag=$3
shift 3
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
mkdir -p "$work"/{bin,etc,tmp,root,proc,sys,dev,usr/bin,var/run,var/log,var/lib}
chmod 1777 "$work/tmp"
cp "$busybox" "$work/bin/busybox"
"$work/bin/busybox" --install "$work/bin" # hard links: a process for each of 280 symbolic ones takes seconds
printf 'root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/tmp:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n' >"$work/etc/passwd"
printf 'root:x:0:\nnode:x:1000:\nnogroup:x:65534:\n' >"$work/etc/group"
change=(-c 'CMD ["/bin/sh"]')
if [ -n "$node" ]; then
  install -D "$node" "$work/usr/local/bin/node"
  ldd "$node" | awk '$2 == "=>" {print $3} $1 ~ /^\// {print $1}' | sort -u | while read -r library; do
    install -D "$(readlink -f "$library")" "$work$library"
  done
  ln -s /bin/busybox "$work/usr/bin/env"
  echo 'hosts: files dns' >"$work/etc/nsswitch.conf"
  change=(-c 'ENV PATH=/usr/local/bin:/usr/bin:/bin' -c 'CMD ["node"]')
fi
tar -C "$work" --numeric-owner --owner=0 --group=0 --sort=name --mtime=@0 -cf - . | docker import "${change[@]}" - "$tag" >/dev/null
for other in "$@"; do docker tag "$tag" "$other"; done
