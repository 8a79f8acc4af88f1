"""UFW's table, as the commands of a program leave it."""

from policies.reading.ufw.hosts import Host, hosts, shut, ufw
from policies.reading.ufw.reach import covers, networks, opened, ranges, who
from policies.reading.ufw.sshd import ssh_ports

__all__ = ["Host", "covers", "hosts", "networks", "opened", "ranges", "shut", "ssh_ports", "ufw", "who"]
