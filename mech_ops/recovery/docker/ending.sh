#!/bin/sh
# end_containers TIMES: asks what runs in containers to end, without Docker, and waits for it, so many seconds at most.
# containerd runs them and can end them by itself; Debian's package has `ctr`.
end_containers() {
  for id in $(ctr -n moby tasks list -q 2>/dev/null); do ctr -n moby tasks kill -s SIGTERM "$id" 2>/dev/null; done
  n=0
  while ctr -n moby tasks list 2>/dev/null | grep -q RUNNING; do
    n=$((n + 1))
    [ $n -lt "$1" ] || break
    sleep 1
  done
}

# Fails when Docker runs all the same.
kill_docker() {
  systemctl stop docker.socket
  systemctl kill -s KILL docker.service
  systemctl stop docker.service
  ! systemctl is-active -q docker.service
}
