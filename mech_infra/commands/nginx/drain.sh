#!/bin/sh
# Waits until nginx has answered what it took before: a worker that read another config passes its requests to whom that one
# names, also an upload that only now is whole, and ends with them. Never fails: what cannot be waited for is cut.
# Arguments: MOST_S, LEAVES (yes: visitors are sent here no more, and nothing was read anew).
set -eu
most_s=$1 leaves=$2

# workers TITLE: pids of nginx' own, not of one in a container.
workers() {
  ps -o pid=,args= --ppid "$(systemctl show -p MainPID --value nginx)" 2>/dev/null |
    awk -v title="nginx: worker process$1" 'index($0, title) { print $1 }' || true
}

# works: pids of those of before that have not ended.
works() {
  # shellcheck disable=SC2086 # a pid a word
  for pid in $old; do ps -o pid= -p "$pid" || true; done
}

# open: how many connections that visitors and callers have to them; nginx' own to whom it passes on come from high ports.
open() {
  ss -Htnp state established | awk -v old="$(works | tr -s ' \n' ' ')" '
    BEGIN { for (n = split(old, pids, " "); n; n--) is[pids[n]] = 1 }
    { pid = $NF; sub(/.*pid=/, "", pid); sub(/,.*/, "", pid); port = $3; sub(/.*:/, "", port) }
    is[pid] && port + 0 < 10000 { found++ }
    END { print found + 0 }'
}

if [ "$leaves" = yes ]; then
  sleep 5 # until every place of the edge's knows the records
  old=$(workers "")
  systemctl reload nginx 2>/dev/null || exit 0 # one that does not run has taken nothing
else
  sleep 2 # nginx tells them 0.1 s after the new ones began
  old=$(workers " is shutting down")
fi
begin=$(date +%s)
said=$begin
while [ -n "$(works)" ]; do
  now=$(date +%s)
  if [ $((now - begin)) -ge "$most_s" ]; then
    echo "after $most_s s nginx still serves $(open) connections that it took before: WebSockets, or what takes longer than" \
      "mech:rollout.drainS. They are cut."
    exit 0
  fi
  if [ $((now - said)) -ge 5 ]; then
    said=$now
    echo "nginx still serves $(open) connections that it took before: waited for, $((now - begin)) s of $most_s"
  fi
  sleep 0.5
done
[ "$said" = "$begin" ] || echo "nginx has answered all that it took before, after $((now - begin)) s"
