#!/bin/bash
# Process 1 of the namespaces of a Docker Engine for tests: prepares them, then obeys commands on stdin. At the end of
# stdin, that is when the test process ends, however it ends, everything in here ends with it.
#   start   starts dockerd            term, kill   sends it the signal and prints "ended" when it is gone
# Environment: ENGINE_DIR, ENGINE_ID (name of its cgroup), ENGINE_NETWORK none|private, ENGINE_LISTEN (one more address,
# or empty), PATH with dockerd on it
set -euo pipefail

if [ "${1:-}" != --obey ]; then
  mount --make-rprivate /
  mount -t proc proc /proc
  mkdir -p /run/containerd /run/docker
  mount -t tmpfs -o mode=755 tmpfs /run/containerd # sockets of shims and plugins: not the host's
  mount -t tmpfs -o mode=755 tmpfs /run/docker
  if [ "$ENGINE_NETWORK" = private ]; then
    mount -t sysfs sysfs /sys # /sys/class/net of the new network namespace
    ip link set lo up
  fi
  if grep -q '^[1-9][0-9]*:[^:]*devices' /proc/self/cgroup; then # version 1: the same hierarchies, from our namespace
    lines=$(cat /proc/self/cgroup)
    mount -t tmpfs -o mode=755 cgroup_root /sys/fs/cgroup
    while IFS=: read -r number controllers _; do
      [ "$number" != 0 ] || continue
      case $controllers in
        name=*) name=${controllers#name=} options=none,$controllers ;;
        *) name=$controllers options=$controllers ;;
      esac
      mkdir -p "/sys/fs/cgroup/$name"
      if mount -t cgroup -o "$options" cgroup "/sys/fs/cgroup/$name"; then
        case $name in *,*) for alias in ${name//,/ }; do ln -s "$name" "/sys/fs/cgroup/$alias"; done ;; esac
      else
        rmdir "/sys/fs/cgroup/$name"
      fi
    done <<<"$lines"
  else
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
    # A cgroup with processes of its own cannot hand controllers down: sit in a leaf.
    { mkdir -p "/sys/fs/cgroup/$ENGINE_ID-init" && echo 1 >"/sys/fs/cgroup/$ENGINE_ID-init/cgroup.procs"; } 2>/dev/null || true
  fi
  exec tini -- bash "$0" --obey
fi

storage=vfs probe=$ENGINE_DIR/data/.probe
mkdir -p "$probe"/{lower,upper,work,merged}
if mount -t overlay -o "lowerdir=$probe/lower,upperdir=$probe/upper,workdir=$probe/work" overlay "$probe/merged" 2>/dev/null; then
  umount "$probe/merged"
  storage=overlay2
fi
rm -rf "$probe"

options=(--config-file "$ENGINE_DIR/daemon.json" --data-root "$ENGINE_DIR/data" --exec-root "$ENGINE_DIR/exec"
  --pidfile "$ENGINE_DIR/dockerd.pid" --host "unix://$ENGINE_DIR/docker.sock" --storage-driver "$storage"
  --exec-opt native.cgroupdriver=cgroupfs --cgroup-parent "/$ENGINE_ID" --shutdown-timeout 5 --ip6tables=false --userland-proxy=false)
[ -z "$ENGINE_LISTEN" ] || options+=(--host "$ENGINE_LISTEN")
if [ "$ENGINE_NETWORK" = private ]; then options+=(--bip 172.31.255.1/24)
else options+=(--bridge none --iptables=false --ip-forward=false --ip-masq=false); fi
# 20.10 lowers its own score, for which it may lack the right; newer ones do not know the option.
! dockerd --help 2>&1 | grep -q -- --oom-score-adjust || options+=(--oom-score-adjust=0)
# There is no registry: a pull fails at once on the loopback instead of asking for a name.
proxy=http://127.0.0.1:9

while read -r command; do
  case $command in
    start)
      rm -f "$ENGINE_DIR/docker.sock" "$ENGINE_DIR/dockerd.pid"
      env -i PATH="$PATH" HOME="$ENGINE_DIR" TMPDIR="$ENGINE_DIR/tmp" HTTP_PROXY=$proxy HTTPS_PROXY=$proxy \
        NO_PROXY=localhost,127.0.0.1 dockerd "${options[@]}" >>"$ENGINE_DIR/dockerd.log" 2>&1 </dev/null &
      daemon=$!
      ;;
    term | kill)
      kill "-${command^^}" "$daemon" || true
      wait "$daemon" 2>/dev/null || true
      echo ended
      ;;
  esac
done
