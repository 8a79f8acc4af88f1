"""Names that stand for ports: services of /etc/services, and application profiles."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from pathlib import Path

from policies.reading.ufw.rule import NoProfile, Refused

PROTOCOLS = ("tcp", "udp", "ipv6", "esp", "ah", "igmp", "gre", "vrrp")
PORTLESS = PROTOCOLS[2:]
# The profiles of Debian's and Ubuntu's packages: UFW itself, then the servers that bring their own.
KNOWN = {
    "Transmission": "51413", "Deluge": "6881:6891/tcp", "KTorrent": "6881/tcp|4444/udp", "qBittorrent": "6881/tcp",
    "PeopleNearby": "5353/udp|5298", "Bonjour": "5353/udp|5298", "MSN": "1863|6891:6900/tcp|6901", "MSN SSL": "443/tcp",
    "AIM": "5190/tcp", "Yahoo": "5050", "XMPP": "5222/tcp|5269/tcp", "Kerberos KDC": "88", "Kerberos Admin": "749/tcp",
    "Kerberos Password": "464/udp", "Kerberos Full": "88,749/tcp|464/udp", "LDAP": "389/tcp", "LDAPS": "636/tcp",
    "DNS": "53", "CIFS": "137,138/udp|139,445/tcp", "NFS": "2049,111/tcp|2049,111/udp", "svnserve": "3690/tcp",
    "Telnet": "23/tcp", "SSH": "22/tcp", "VNC": "5900/tcp", "POP3": "110/tcp", "POP3S": "995/tcp", "IMAP": "143/tcp",
    "IMAPS": "993/tcp", "SMTP": "25/tcp", "Mail submission": "587/tcp", "IPP": "631", "LPD": "515/tcp",
    "Socks": "1080/tcp", "Transparent Proxy": "8081/tcp", "WWW": "80/tcp", "WWW Secure": "443/tcp",
    "WWW Full": "80,443/tcp", "WWW Cache": "8080/tcp",
    "OpenSSH": "22/tcp", "Nginx HTTP": "80/tcp", "Nginx HTTPS": "443/tcp", "Nginx Full": "80,443/tcp",
    "Nginx QUIC": "443/udp", "Apache": "80/tcp", "Apache Secure": "443/tcp", "Apache Full": "80,443/tcp",
    "Lighttpd HTTP": "80/tcp", "Lighttpd HTTPS": "443/tcp", "Lighttpd Full": "80,443/tcp", "Squid": "3128/tcp",
    "Postfix": "25/tcp", "Postfix SMTPS": "465/tcp", "Postfix Submission": "587/tcp", "Dovecot POP3": "110/tcp",
    "Dovecot IMAP": "143/tcp", "Dovecot Secure POP3": "995/tcp", "Dovecot Secure IMAP": "993/tcp",
    "Samba": "137,138/udp|139,445/tcp", "CUPS": "631",
}  # fmt: skip


@functools.cache
def _services() -> dict[str, tuple[str, str]]:
    lines = (Path(__file__).parent / "services.txt").read_text().splitlines()
    found = {}
    for word in " ".join(line for line in lines if not line.startswith("#")).split():
        name, _, about = word.partition("=")
        port, _, proto = about.partition("/")
        found[name] = (port, proto.strip("-"))
    return found


def is_service(name: str) -> bool:
    return name in _services()


def service_port(name: str) -> str:
    """The port of a service. Raises Refused for a name that is none."""
    if name not in _services():
        raise Refused(f"bad port {name}")
    return _services()[name][0]


def service_proto(name: str) -> str:
    """tcp, udp, any, or "" for one that has neither. Raises Refused for a name that is none."""
    service_port(name)
    return _services()[name][1]


def split(text: str) -> tuple[str, str]:
    """(port, protocol) of `80/tcp`. Raises Refused."""
    parts = text.split("/")
    if len(parts) > 2 or (parts[1:] and parts[1] in PORTLESS):
        raise Refused(f"bad port {text}")
    return parts[0], parts[1] if parts[1:] else "any"


def is_profile_name(name: str) -> bool:
    if name == "all" or re.fullmatch(r"\s*[+-]?\d+(_\d+)*\s*", name):
        return False
    return bool(re.match(r"[a-zA-Z0-9][a-zA-Z0-9 _\-.+]*$", name))


def profile_named(name: str, among: Mapping[str, str]) -> str:
    """The profile's own spelling of a name. Raises NoProfile, and Refused for several."""
    if name in among:
        return name
    alike = [each for each in among if each.lower() == name.lower()]
    if len(alike) > 1:
        raise Refused(f"several profiles are called {name}")
    if not alike:
        raise NoProfile(name)
    return alike[0]


def port_of(word: str) -> str:
    """A port or a range as UFW writes it, by its number or its service's name. Raises Refused."""
    if re.fullmatch(r"\d{1,5}([:-]\d{1,5})?", word):
        return word.replace("-", ":")
    found = _services().get(word)
    if found is None:
        raise Refused(f"{word} is no service")
    return found[0]
