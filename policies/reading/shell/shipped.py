"""Files that Debian's and Ubuntu's packages bring, as far as programs edit them: what `sed -i` and `>>` find on a fresh host."""

from __future__ import annotations

from collections.abc import Mapping

SHIPPED: Mapping[str, str] = {
    "/etc/default/ufw": (
        'IPV6=yes\nDEFAULT_INPUT_POLICY="DROP"\nDEFAULT_OUTPUT_POLICY="ACCEPT"\nDEFAULT_FORWARD_POLICY="DROP"\n'
        'DEFAULT_APPLICATION_POLICY="SKIP"\nMANAGE_BUILTINS=no\n'
    ),
    "/etc/ufw/before.rules": (
        "*filter\n:ufw-before-input - [0:0]\n:ufw-before-output - [0:0]\n:ufw-before-forward - [0:0]\n"
        "-A ufw-before-input -i lo -j ACCEPT\n-A ufw-before-output -o lo -j ACCEPT\nCOMMIT\n"
    ),
    "/etc/ssh/sshd_config": (
        "Include /etc/ssh/sshd_config.d/*.conf\n#Port 22\n#AddressFamily any\n#ListenAddress 0.0.0.0\n#ListenAddress ::\n"
        "#PermitRootLogin prohibit-password\n#MaxAuthTries 6\n#PubkeyAuthentication yes\n#PasswordAuthentication yes\n"
        "KbdInteractiveAuthentication no\nUsePAM yes\nX11Forwarding yes\n"
    ),
    "/etc/redis/redis.conf": (
        "bind 127.0.0.1 -::1\nprotected-mode yes\nport 6379\n# requirepass foobared\nsave 3600 1 300 100 60 10000\nappendonly no\n"
    ),
    "/etc/mongod.conf": (
        "storage:\n  dbPath: /var/lib/mongodb\nnet:\n  port: 27017\n  bindIp: 127.0.0.1\n#security:\n#replication:\n"
    ),
}
