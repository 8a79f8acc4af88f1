#!/bin/sh
# Converges UFW on what stands in the folder STATE: `wanted` (ufw's own commands, a line each; SSH first), `guard`
# (rules of Docker's chain DOCKER-USER between two marks) and `rollback` (undoes all this; see confirm.sh).
# Changes nothing, and says so, when the host is already as wanted.
# Arguments: STATE, MARK (names what is wanted), ROLLBACK_AFTER_S, ONLY_DECLARED (yes: rules of others go),
# CLOSING (extended regular expression: rules of INPUT that close our ports).
set -eu
state=$1 mark=$2 rollback_after_s=$3 only_declared=$4 closing=$5
. ./others.sh
# The comment of our rules, as UFW keeps it: mech, in hex.
ours=6d656368
rules=/etc/ufw/user.rules after=/etc/ufw/after.rules

active() { ufw status | grep -q '^Status: active'; }

# What the kernel has: a rule flushed, put before ours or deleted behind UFW's back shows here only.
in_kernel() {
  iptables -w 5 -S INPUT
  iptables -w 5 -S ufw-user-input
  iptables -w 5 -S DOCKER-USER
}

without_others() {
  [ "$only_declared" = no ] || ! grep '^### tuple' "$rules" | grep -qv "comment=$ours\$"
}

install -d -m 700 "$state"
cd "$state"
guarded="/^$(head -n 1 guard)\$/,/^$(tail -n 1 guard)\$/"
sed -n "$guarded p" "$after" >guard.now
ufw show added >shown
grep "comment 'mech'$" shown | sort >now || true
if [ "$only_declared" = yes ]; then cat wanted >due; else left_to_us wanted shown >due; fi
# UFW's unit loads the rules at boot; turning UFW on alone does not see to that.
systemctl unmask -q ufw.service 2>/dev/null || true
systemctl enable -q ufw.service
if active && grep -q '^DEFAULT_INPUT_POLICY="DROP"' /etc/default/ufw &&
  sort due | cmp -s - now && [ -z "$(before_ours "$rules" "$ours")" ] && cmp -s guard guard.now &&
  in_kernel 2>/dev/null | cmp -s - live && without_others; then
  rm -f rolled-back
  echo "$mark" >applied
  echo "unchanged $mark"
  exit 0
fi
# From here on the host undoes everything by itself unless a new SSH session confirms it.
systemctl stop mech-firewall-rollback.timer mech-firewall-rollback.service 2>/dev/null || true
systemctl reset-failed mech-firewall-rollback.service 2>/dev/null || true
rm -f rolled-back
tar -cf before.tar -C / etc/ufw etc/default/ufw
if active; then echo yes >was-active; else echo no >was-active; fi
systemd-run --quiet --unit=mech-firewall-rollback --on-active="${rollback_after_s}s" "$state/rollback"
# SSH is allowed before anything is closed.
while read -r rule; do eval "$rule" </dev/null >/dev/null; done <due
grep -vxFf due now >extra || true
while read -r rule; do
  eval "$(printf %s "$rule" | sed "s/^ufw /ufw --force delete /; s/ comment 'mech'$//")" </dev/null >/dev/null
done <extra
# A rule of others before ours that closes something to everybody goes behind them; ours and bans stay where they are.
before_ours "$rules" "$ours" >closing
while read -r rule; do
  eval "ufw --force delete ${rule% comment*}" </dev/null >/dev/null || true
  eval "ufw $rule" </dev/null >/dev/null
done <closing
# Asked for by mech:firewall.onlyDeclared; the last number first, since numbers move up.
if [ "$only_declared" = yes ]; then
  ufw status numbered | grep '^\[' | grep -v '# mech$' | sed 's/^\[ *\([0-9]*\)\].*/\1/' | sort -rn |
    while read -r number; do ufw --force delete "$number" </dev/null >/dev/null; done
fi
ufw --force default deny incoming >/dev/null
ufw --force default allow outgoing >/dev/null
# What closes our ports before UFW is asked; rules that name a source stay.
iptables -w 5 -S INPUT | sed -n '/-j ufw-/q; /^-A INPUT /p' | grep -E "$closing" | sed 's/^-A //' |
  while read -r rule; do
    # shellcheck disable=SC2086 # its words are iptables' arguments
    iptables -w 5 -D $rule </dev/null
  done || true
sed -i "$guarded d" "$after"
cat guard >>"$after"
if active; then ufw reload >/dev/null; else ufw --force enable >/dev/null; fi
in_kernel >live
echo "$mark" >applied
# Another text each time: whoever confirms has it as a trigger.
echo "at $(date +%s%N)"
echo "applied $mark"
