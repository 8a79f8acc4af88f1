"""The shell text that turns a fresh set of namespaces into a booting Debian host.

Recipe measured on these machines (findings §3). Two stages: the first joins the host's control group, so that the
second, in a cgroup namespace of its own, sees that group as the root.
"""

from __future__ import annotations

import shlex
from pathlib import Path

from sandbox import network
from sandbox.host import blocks, cgroups
from sandbox.host.model import HostSpec, Place

_NODES = (("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9), ("tty", 5, 0))


def argv(place: Place, spec: HostSpec, joins: list[Path]) -> list[str]:
    """The command whose only child becomes the host's pid 1; ends with SIGHUP for a reboot, SIGINT for power-off."""
    join = "".join(f"echo 0 > {path}\n" for path in joins)
    inner = shlex.quote(_second(place, spec))
    first = f"set -eu\n{join}exec unshare --cgroup sh -c {inner}"
    return [
        # whatever ends the supervisor ends the host: nobody would answer its next reboot
        "setpriv", "--pdeathsig", "KILL",
        "unshare", "--mount", "--uts", "--ipc", "--net", "--pid", "--fork", "--kill-child", "sh", "-c", first,
    ]  # fmt: skip


def _second(place: Place, spec: HostSpec) -> str:
    groups = "".join(hierarchy.inner() for hierarchy in cgroups.hierarchies())
    nodes = "".join(f"mknod -m 666 $D/{name} c {major} {minor}\n" for name, major, minor in _NODES)
    return f"""set -eu
R={place.root}
mount --make-rprivate /
{network.inside(place.settings, spec.address)}
mount -t proc -o nosuid,nodev,noexec proc $R/proc
mount -t sysfs -o nosuid,nodev,noexec sysfs $R/sys
mount -t tmpfs -o mode=755,nosuid,nodev,noexec tmpfs $R/sys/fs/cgroup
{groups}
mount -t tmpfs -o mode=755,nosuid tmpfs $R/dev
D=$R/dev
mkdir -p $D/pts $D/shm $D/mqueue $D/net
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts $D/pts
mount -t tmpfs -o nosuid,nodev tmpfs $D/shm
mount -t mqueue mqueue $D/mqueue
{nodes}mknod -m 666 $D/net/tun c 10 200
ln -s pts/ptmx $D/ptmx
ln -s /proc/self/fd $D/fd
ln -s /proc/self/fd/0 $D/stdin
ln -s /proc/self/fd/1 $D/stdout
ln -s /proc/self/fd/2 $D/stderr
: > $D/console
mount --bind /dev/null $D/console
{blocks.all_node_lines(place)}
mount -t tmpfs -o mode=755,nosuid,nodev tmpfs $R/run
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs $R/tmp
mkdir -p $R/.old
cd $R
pivot_root . .old
umount -l /.old
rmdir /.old || true
exec env -i container=docker PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \\
  /lib/systemd/systemd --show-status=no --log-level=warning
"""
