#!/bin/sh
# Has the rules between members in force: `wanted` of the folder STATE (ufw's own commands, a line each), and `block`, which
# stands in after.rules behind the guard's, since that one empties Docker's chain when UFW loads. Arguments: STATE.
set -eu
state=$1 after=/etc/ufw/after.rules
cd "$state"
while read -r rule; do eval "$rule" </dev/null >/dev/null; done <wanted
marks="/^$(head -n 1 block)\$/,/^$(tail -n 1 block)\$/"
sed -n "$marks p" "$after" >block.now
chain=$(iptables -w 5 -S DOCKER-USER 2>/dev/null | sed -n 2p)
if cmp -s block block.now && tail -n "$(wc -l <block)" "$after" | cmp -s block - &&
  [ "$chain" = "$(sed -n 's/^-I DOCKER-USER 1 /-A DOCKER-USER /p' block)" ]; then
  echo unchanged
  exit 0
fi
sed -i "$marks d" "$after"
cat block >>"$after"
ufw reload >/dev/null
echo "in force"
