#!/bin/sh
# Takes the rules between members away. Arguments: STATE, COMMENT (of UFW's), BEGIN, END (marks in after.rules).
set -eu
state=$1 comment=$2 begin=$3 end=$4
ufw show added | grep "comment '$comment'$" | sed "s/^ufw /ufw --force delete /; s/ comment '$comment'$//" |
  while read -r rule; do eval "$rule" </dev/null >/dev/null; done || true
sed -i "/^$begin\$/,/^$end\$/ d" /etc/ufw/after.rules
ufw reload >/dev/null
rm -rf "$state"
