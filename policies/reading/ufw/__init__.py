"""UFW's table, as the commands of a program leave it."""

from policies.reading.ufw.host import Host, shut
from policies.reading.ufw.hosts import hosts, ufw
from policies.reading.ufw.reach import covers, networks, opened, ranges, shown, who, without
from policies.reading.ufw.sshd import ssh_ports

__all__ = [
    "Host",
    "covers",
    "hosts",
    "networks",
    "opened",
    "ranges",
    "shown",
    "shut",
    "ssh_ports",
    "ufw",
    "who",
    "without",
]
