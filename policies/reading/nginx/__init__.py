"""nginx's config, as nginx reads it from the files that a program puts onto the host."""

from policies.reading.nginx.config import Nginx, body_mb, nginx
from policies.reading.nginx.server import Listen, Server
from policies.reading.nginx.tree import Directive

__all__ = ["Directive", "Listen", "Nginx", "Server", "body_mb", "nginx"]
