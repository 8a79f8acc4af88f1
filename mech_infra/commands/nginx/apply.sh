#!/bin/sh
# Installs the files of stdin (`PATH BASE64` a line); the old config comes back when nginx refuses the new one.
# Arguments: CONFIG, LOGROTATE (where they go), LABEL (of our containers).
set -eu
config=$1 logrotate=$2 label=$3
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
while read -r path content; do printf %s "$content" | base64 -d >"$stage/$(basename "$path")"; done

# The file may be right and nginx still run what it read before: its workers read it when they start. Not the
# modification time: a file that was moved back has its old one.
reads_it() {
  newest=$(cat /proc/[0-9]*/stat 2>/dev/null | awk '$2 == "(nginx)" && $22 > ticks { ticks = $22 } END { print ticks + 0 }')
  awk -v now="$(date +%s.%N)" -v ticks="$newest" -v hertz="$(getconf CLK_TCK)" -v changed="$(stat -c %.9Z "$config")" \
    '{ exit !(now - $1 + ticks / hertz > changed) }' /proc/uptime
}

# It runs what the file says, or it does not after 8 s. A reload never fails by itself: nginx tries five times, in 2.5 s, to
# get each port, and goes on with what it had.
takes_it() {
  nginx -t 2>/dev/null && systemctl reload-or-restart nginx || return 1
  for _ in $(seq 40); do
    if reads_it; then return 0; fi
    sleep 0.2
  done
  return 1
}

# nginx cannot have 127.0.0.1:PORT while it has PORT on all addresses, nor the other way round: it lets go of these first.
lets_go() {
  cp -p "$config" "$stage/wanted"
  grep -Ev '^ *listen ([0-9.]+:)?[0-9]{4,5};' "$stage/wanted" >"$config"
  nginx -t 2>/dev/null && takes_it
  cat "$stage/wanted" >"$config"
}

# One that does not run holds nothing: started without these ports, it would serve half of its config.
follow() { takes_it || { systemctl is-active --quiet nginx && lets_go && takes_it; }; }

log=/var/log/nginx/error.log
before=$(wc -l 2>/dev/null <"$log" || echo 0)
# Why, in nginx's own words: of a reload they are in its log, of a start in the journal.
said() {
  {
    tail -n "+$((before + 1))" "$log" || true
    journalctl -u nginx -n 20 -o cat --no-pager
  } 2>/dev/null | grep -F '[emerg]' | tail -n 3
}

rm -f /etc/nginx/sites-enabled/default
systemctl unmask -q nginx 2>/dev/null || true
systemctl enable -q nginx
install -m 644 "$stage/mech" "$logrotate"
if [ "$(stat -c '%a %U:%G' "$config" 2>/dev/null)" != '644 root:root' ]; then
  { chmod 644 "$config" && chown root:root "$config"; } 2>/dev/null || true
fi
if cmp -s "$stage/mech.conf" "$config" && systemctl is-active --quiet nginx && nginx -t 2>/dev/null; then
  if ! reads_it && ! follow; then
    echo "nginx does not take its config, an older one stays in force:" >&2
    said >&2
    exit 1
  fi
  echo unchanged
  exit 0
fi
# A container of ours that publishes a port of nginx's, as all did before they had slots, would keep it from it.
awk '$1 == "listen" && NF == 2 { sub(/.*:/, "", $2); print $2 + 0 }' "$stage/mech.conf" | sort -u |
  while read -r port; do
    for id in $(docker ps -q --filter label="$label" --filter "publish=$port" 2>/dev/null || true); do
      docker stop -t 30 "$id" >/dev/null
      echo "stopped a container that held port $port"
    done
  done
if [ -e "$config" ]; then cp -p "$config" "$stage/before"; fi
install -m 644 "$stage/mech.conf" "$config"
if ! nginx -t 2>"$stage/errors"; then
  if [ -e "$stage/before" ]; then cp -p "$stage/before" "$config"; else rm -f "$config"; fi
  echo "nginx refused the new config, the old one stays in force:" >&2
  cat "$stage/errors" >&2
  exit 1
fi
# A port of ours that another process holds is not seen by nginx -t, and keeps nginx from all of them.
if ! follow; then
  if systemctl is-active --quiet nginx && [ -e "$stage/before" ]; then
    cp -p "$stage/before" "$config"
    echo "nginx cannot take the new config, the old one stays in force:" >&2
  else
    echo "nginx does not start:" >&2
  fi
  said >&2
  exit 1
fi
echo reloaded
