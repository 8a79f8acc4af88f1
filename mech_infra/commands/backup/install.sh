#!/bin/sh
# Puts the secret files of stdin (PATH BASE64, a line each) and the backup's program there; units and config are there. A first
# or late backup begins at once, and nobody waits for it. Arguments: PROGRAM, FOLDER (of secrets), STATE (folder), TIMERS (yes
# or no), LIMIT_S (for the package), PACKAGE.
set -eu
program=$1 folder=$2 state=$3 timers=$4 limit=$5
shift 5
. ../boot/packages.sh
. ../files/write_files.sh
write_files 600
chmod 700 "$folder"
install -d -m 700 "$state"
install_missing "$limit" "$@"
python3 -c 'import bz2, sys; sys.stdout.buffer.write(bz2.decompress(sys.stdin.buffer.read()))' <"$program.bz2" >"$program.new"
chmod 755 "$program.new"
mv -f "$program.new" "$program"
rm -f "$program.bz2"
systemctl daemon-reload
if [ "$timers" = no ]; then
  systemctl disable -q --now mech-backup.timer mech-backup-proof.timer
  echo installed
  exit 0
fi
for timer in mech-backup.timer mech-backup-proof.timer; do
  systemctl unmask -q "$timer" 2>/dev/null || true
  systemctl enable -q "$timer"
  systemctl restart "$timer"
done
if ! "$program" fresh; then systemctl start --no-block mech-backup.service; fi
echo installed
