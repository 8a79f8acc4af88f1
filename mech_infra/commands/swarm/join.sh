#!/bin/sh
# Has this host in the swarm whose first manager is at FIRST. Standard input: the token, and the ids that are known there, a
# line each. Arguments: ADDRESS, BRIDGE, BRIDGE_SUBNET, GATEWAY, ENCRYPTED (yes or no), FIRST.
set -eu
. ./gateway.sh
. ./out.sh
. ./follow.sh
address=$1 first=$6
read -r token
read -r known || true
can_encrypt "$5"
gateway "$address" "$2" "$3" "$4"
state=$(docker info -f '{{.Swarm.LocalNodeState}} {{.Swarm.NodeID}}')
case " $known " in
  *" ${state#* } "*)
    if [ "${state%% *}" = active ] && follow "$first" 180; then
      echo "is in it"
      exit 0
    fi
    ;;
esac
[ "${state%% *}" = inactive ] || leave_swarm
# Not by docker's own command, which takes the token as an argument, for every process of the host to read.
said=$(
  curl -sS --fail-with-body --max-time 60 --unix-socket /run/docker.sock -H 'Content-Type: application/json' --data @- \
    http://docker/v1.40/swarm/join <<END
{"ListenAddr":"$address:2377","AdvertiseAddr":"$address","DataPathAddr":"$address","RemoteAddrs":["$first:2377"],"JoinToken":"$token","Availability":"active"}
END
) || {
  echo "this host cannot join the swarm at $first: $said" >&2
  exit 1
}
echo joined
