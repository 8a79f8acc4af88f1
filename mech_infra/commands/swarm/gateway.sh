#!/bin/sh
# What Docker has on a host before it is in a swarm; it keeps what it finds then, and nothing of it can be changed afterwards.

# gateway ADDRESS BRIDGE SUBNET GATEWAY: docker_gwbridge, by which a task's port is at ADDRESS alone, and not at the world's side.
gateway() {
  option=com.docker.network.bridge
  there=$(docker network inspect -f "{{index .Options \"$option.host_binding_ipv4\"}} {{index .Options \"$option.name\"}}" \
    docker_gwbridge 2>/dev/null || true)
  if [ "$there" = "$1 $2" ]; then return 0; fi
  if [ -n "$there" ]; then
    [ "$(docker info -f '{{.Swarm.LocalNodeState}}')" = inactive ] || docker swarm leave --force >/dev/null
    docker network rm docker_gwbridge >/dev/null
  fi
  docker network create --subnet "$3" --gateway "$4" -o "$option.name=$2" -o "$option.host_binding_ipv4=$1" -o "$option.enable_icc=false" \
    -o "$option.enable_ip_masquerade=true" docker_gwbridge >/dev/null
}

# can_encrypt WANTED (yes or no): fails where it is wanted and the kernel cannot; Docker makes such a network all the same, and
# no packet arrives.
can_encrypt() {
  [ "$1" = yes ] || return 0
  probe="src 127.0.0.2 dst 127.0.0.3 proto esp spi 0x6d6563"
  # shellcheck disable=SC2086 # words
  if ip xfrm state add $probe mode transport aead 'rfc4106(gcm(aes))' \
    0x0102030405060708090a0b0c0d0e0f1011121314 64 2>/dev/null; then
    ip xfrm state delete $probe
  else
    echo "this host's kernel cannot encrypt between hosts (no ESP): take a system whose kernel can, or set" \
      "mech:fleet.encrypted to false" >&2
    exit 1
  fi
}
