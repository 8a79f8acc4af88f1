#!/bin/sh
# Installs the files of stdin as apply.sh does, but beside those declared nginx asks whom it asks now, or, on a host that is
# new, all of the swarm: a member that goes has tasks until they are well elsewhere. The config of one host alone stays until
# the tasks are well. Arguments: as apply.sh's. Standard input: the swarm's addresses in a line, then as apply.sh's.
set -eu
if grep -qs mech_slot "$1"; then
  echo "nginx passes to the containers of one host until the tasks are well"
  exit 0
fi

# both NOW: the config of stdin; to each of its upstreams come those that it has in the file NOW, or the swarm's addresses.
both() {
  awk -v swarm="$swarm" '
    function put(place) { if (!((pool, place) in there)) print "    server " place " max_fails=0;" }
    $1 == "upstream" { pool = $2 }
    FILENAME != "-" && pool && $1 == "server" && /;$/ { asked = 1; now[pool] = now[pool] $2 " " }
    FILENAME == "-" && pool && $1 == "server" { there[pool, $2] = 1; port = $2; sub(/.*:/, ":", port) }
    FILENAME == "-" && pool && $1 == "}" {
      if (asked) { count = split(now[pool], beside) } else {
        count = split(swarm, beside)
        for (i = 1; i <= count; i++) beside[i] = beside[i] port
      }
      for (i = 1; i <= count; i++) put(beside[i])
    }
    $1 == "}" { pool = "" }
    FILENAME == "-"' "$1" -
}

widened() {
  touch "$1"
  while read -r path content; do
    if [ "$path" = "$1" ]; then content=$(printf %s "$content" | base64 -d | both "$path" | base64 -w 0); fi
    echo "$path $content"
  done
}

read -r swarm
wide=$(widened "$1")
exec <<END
$wide
END
. ./apply.sh
