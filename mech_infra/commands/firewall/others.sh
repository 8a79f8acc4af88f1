#!/bin/sh
# What others have decided in UFW, and what of it stays as it is: bans (a rule that names a source), `limit` for SSH.

# left_to_us WANTED SHOWN: the lines of WANTED without those that somebody made `limit` for SSH; SHOWN is what `ufw show added` says.
left_to_us() {
  while read -r rule; do
    case $rule in
      *" 22/tcp comment"* | *" port 22 proto tcp comment"*)
        limited=$(echo "$rule" | sed "s/^ufw allow /ufw limit /; s/ comment 'mech'$//")
        if grep -qxF "$limited" "$2" || grep -qF "$limited comment '" "$2"; then continue; fi
        ;;
    esac
    echo "$rule"
  done <"$1"
}

# before_ours RULES OURS: rules of others that stand before one of ours in UFW's file RULES and close something to everybody,
# as words for `ufw`, a line each. OURS is the comment of our rules, in hex. Left out: bans, `limit` for SSH, and rules for an
# application.
before_ours() {
  awk -v ours="comment=$2" '
    function text(hex,  i, out) {
      for (i = 1; i < length(hex); i += 2)
        out = out sprintf("%c", 16 * index("123456789abcdef", substr(hex, i, 1)) + index("123456789abcdef", substr(hex, i + 1, 1)))
      return out
    }
    /^### tuple ###/ {
      if ($NF == ours) { for (i = 1; i <= n; i++) { print held[i] }; n = 0; next }
      split($4, action, "_")
      if (action[1] !~ /^(deny|reject|limit)$/ || $9 != "0.0.0.0/0" || $10 !~ /^in(_|$)/ || (action[1] == "limit" && $6 == 22)) next
      rule = action[1] " in" ($10 == "in" ? "" : " on " substr($10, 4))
      if (action[2]) rule = rule " " action[2]
      if ($5 != "any") rule = rule " proto " $5
      rule = rule " from any" ($8 == "any" ? "" : " port " $8)
      rule = rule " to " ($7 == "0.0.0.0/0" ? "any" : $7) ($6 == "any" ? "" : " port " $6)
      if ($NF ~ /^comment=/) rule = rule " comment \047" text(substr($NF, 9)) "\047"
      held[++n] = rule
    }' "$1"
}
