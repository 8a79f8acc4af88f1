#!/bin/sh
# Redis' two ways to keep data, in its data folder while it is down. It reads either its append-only files or its
# snapshot when it starts, whichever `appendonly` says, and takes a missing one for no data at all (Redis 7,
# loadDataFromDisk). So what the other one has is brought over first.

# A manifest that names the snapshot as the base of an append-only file that is empty so far (Redis 7's own form).
begin_log_with_snapshot() {
  if [ -s dump.rdb ] && [ ! -e appendonlydir/appendonly.aof.manifest ]; then
    mkdir -p appendonlydir.new
    cp -p dump.rdb appendonlydir.new/appendonly.aof.1.base.rdb
    echo 'file appendonly.aof.1.base.rdb seq 1 type b' >appendonlydir.new/appendonly.aof.manifest
    chown -R --reference=dump.rdb appendonlydir.new
    rm -rf appendonlydir
    mv appendonlydir.new appendonlydir
    echo "the append-only file begins with the snapshot"
  fi
}

refuse_unread_log() {
  if [ -e appendonlydir/appendonly.aof.manifest ]; then
    echo "Redis does not run, and its newest data are in its append-only file, which appendOnly: false would not read:" \
      "let it start once with mech:datastores.redis.appendOnly true, then set it to false" >&2
    exit 1
  fi
}

# Left there, it would be read as the newest data when appendOnly is switched on again with Redis down; also one that was
# switched off by hand. Put aside and not removed: a Redis that had to be restarted for it may have newer data there.
# put_log_aside LOGIN: Redis runs, and saves before.
put_log_aside() {
  if [ -e appendonlydir ]; then
    echo save | ask "$1" >/dev/null
    rm -rf appendonlydir.off
    mv appendonlydir appendonlydir.off
  fi
}
