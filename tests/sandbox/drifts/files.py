"""A person in the host's files and units: nginx, .env, scripts, keys, Redis, the certificate, the volume."""

from __future__ import annotations

from .surface import Drift, Surface, kind, shell


def unit(s: Surface, name: str, *hows: str) -> Drift:
    how = s.rng.choice(hows)
    return shell(s, f"systemctl {how} {name}", f"systemctl is-active {name}; systemctl is-enabled {name}; true",
                 f"systemctl {how} {name}", undo=f"systemctl unmask {name}; systemctl enable --now {name}")  # fmt: skip


@kind
def nginx_unit(s: Surface) -> Drift:
    return unit(s, "nginx", "stop", "disable", "disable --now", "mask --now")


@kind
def nginx_config_edited(s: Surface) -> Drift:
    edit = s.rng.choice(["s/127.0.0.1:[12]3008/127.0.0.1:3999/", "s/client_max_body_size [0-9]*M/client_max_body_size 1M/",
                         "$a # hello", "0,/proxy_pass/s/^.*proxy_pass.*$/return 404;/"])  # fmt: skip
    file = "/etc/nginx/conf.d/mech.conf"
    return shell(
        s, f"sed -i '{edit}' {file}; reload", f"sha256sum {file}", f"sed -i '{edit}' {file} && nginx -s reload"
    )


@kind
def nginx_config_broken(s: Surface) -> Drift:
    file = "/etc/nginx/conf.d/mech.conf"
    return shell(s, f"a typo in {file}", f"sha256sum {file}", f"echo 'server {{ listen 80' >> {file}")


@kind
def nginx_runs_another_config(s: Surface) -> Drift:
    file = "/etc/nginx/conf.d/mech.conf"
    edit = (
        f"cp -p {file} /tmp/keep && sed -i 's/127.0.0.1:[12]3008/127.0.0.1:3999/' {file} && nginx -s reload && sleep 1"
    )
    look = "curl -s -o /dev/null -w '%{http_code}' -H 'Host: llm.mech.is' -H 'X-Forwarded-Proto: https' http://127.0.0.1/health"
    return shell(s, f"{file} edited, reloaded, put back without a reload", look, f"{edit} && mv /tmp/keep {file}",
                 undo="nginx -s reload")  # fmt: skip


@kind
def nginx_passes_to_the_other_slot(s: Surface) -> Drift:
    name = s.rng.choice(["llm", "queue", "reader"])
    file = f"/etc/nginx/mech/{name}.green"
    return shell(
        s, f"{file} removed if there, else made", f"ls {file} 2>&1; true", f"rm {file} 2>/dev/null || touch {file}"
    )


@kind
def nginx_main_config_edited(s: Surface) -> Drift:
    file = "/etc/nginx/nginx.conf"
    return shell(s, f"worker_connections 16 in {file}", f"sha256sum {file}",
                 f"cp -p {file} /tmp/nginx.conf && sed -i 's/worker_connections .*/worker_connections 16;/' {file}",
                 file, f"mv /tmp/nginx.conf {file}")  # fmt: skip


@kind
def nginx_foreign_site(s: Surface) -> Drift:
    name = f"/etc/nginx/conf.d/site{s.rng.randrange(1000)}.conf"
    text = f"server {{ listen 127.0.0.1:{s.rng.randrange(20000, 30000)}; }}"
    return shell(s, f"{name}: {text}", "ls /etc/nginx/conf.d", f"echo '{text}' > {name}; nginx -s reload", name,
                 f"rm {name}; nginx -s reload")  # fmt: skip


@kind
def file_removed(s: Surface) -> Drift:
    path = s.pick("ls -d /etc/nginx/conf.d/mech.conf /etc/logrotate.d/mech /opt/mech-services/*/.env "
                  "/usr/local/sbin/mech-* $(find /usr/local/lib/mech -name '*.py') /etc/systemd/system/docker.service.d/*mech*")  # fmt: skip
    return shell(s, f"rm {path}", f"sha256sum {path} 2>&1; true", f"cp -p {path} /tmp/removed; rm {path}",
                 undo=f"cp -p /tmp/removed {path}")  # fmt: skip


@kind
def file_mode(s: Surface) -> Drift:
    path = s.pick("ls -d /etc/nginx/conf.d/mech.conf /etc/logrotate.d/mech /opt/mech-services/*/.env "
                  "/etc/ssl/mech/*.key /opt/mech-services/shared/redis/redis.conf")  # fmt: skip
    do = s.rng.choice(["chmod 666", "chown nobody", "chmod 755"])
    return shell(s, f"{do} {path}", f"stat -c '%a %U' {path}", f"{do} {path}")


@kind
def env_edited(s: Surface) -> Drift:
    path = s.pick("ls /opt/mech-services/*/.env")
    edit = s.rng.choice(["$a DEBUG=1", "s/^PORT=.*/PORT=9/", "1d", "s/redis:6379/localhost:6379/;$a X=1"])
    return shell(s, f"sed -i '{edit}' {path}", f"sha256sum {path}", f"sed -i '{edit}' {path}")


@kind
def script_edited(s: Surface) -> Drift:
    path = s.pick("ls /usr/local/sbin/mech-* $(find /usr/local/lib/mech -name '*.py') /etc/systemd/system/mech-*.service "
                  "/etc/systemd/system/mech-*.timer")  # fmt: skip
    return shell(s, f"a line added to {path}", f"sha256sum {path}",
                 f"cp -p {path} /tmp/script; echo '# hello' >> {path}", undo=f"cp -p /tmp/script {path}")  # fmt: skip


@kind
def timer_off(s: Surface) -> Drift:
    return unit(s, "mech-certificate.timer", "stop", "disable --now", "mask --now")


@kind
def authorized_key_added(s: Surface) -> Drift:
    file, who = "/root/.ssh/authorized_keys", f"someone{s.rng.randrange(1000)}"
    make = f"ssh-keygen -qt ed25519 -N '' -C {who} -f /tmp/{who}; cat /tmp/{who}.pub >> {file}; rm /tmp/{who}*"
    return shell(s, f"the key of {who} may log in as root", f"grep -c . {file}", make, who, f"sed -i '/{who}/d' {file}")


@kind
def ssh_not_at_boot(s: Surface) -> Drift:
    return shell(s, "systemctl disable ssh", "systemctl is-enabled ssh; true", "systemctl disable ssh")


@kind
def redis_setting(s: Surface) -> Drift:
    key, value = s.rng.choice([("maxmemory", "1048576"), ("maxmemory-policy", "allkeys-lru"), ("save", "''"),
                               ("appendonly", "no"), ("requirepass", "sesame")])  # fmt: skip
    ask_it = f"docker exec redis redis-cli config get {key} | tr '\\n' ' '"  # an error ends with an empty line
    return shell(s, f"redis: config set {key} {value}", ask_it, f"docker exec redis redis-cli config set {key} {value}")


@kind
def redis_config_edited(s: Surface) -> Drift:
    file = "/opt/mech-services/shared/redis/redis.conf"
    return shell(s, f"maxmemory 1mb in {file}", f"sha256sum {file}", f"sed -i 's/^maxmemory .*/maxmemory 1mb/' {file}")


CERTIFICATE = "openssl x509 -in /etc/ssl/mech/mech.crt -noout -ext subjectAltName -checkend 864000 2>&1; " \
    "openssl x509 -in /etc/ssl/mech/mech.crt -noout -pubkey 2>&1 | cmp -s - <(openssl pkey -in /etc/ssl/mech/mech.key -pubout 2>&1) && echo match; true"  # fmt: skip


@kind
def certificate_changed(s: Surface) -> Drift:
    folder = "/etc/ssl/mech"
    new = f"openssl req -x509 -nodes -newkey rsa:2048 -keyout {folder}/mech.key -out {folder}/mech.crt 2>/dev/null"
    names = "-addext subjectAltName=DNS:*.mech.is,DNS:mech.is -subj /CN=mech.is"
    what, do = s.rng.choice([
        ("certificate removed", f"rm {folder}/mech.crt"),
        ("certificate for another name", f"{new} -days 365 -subj /CN=other -addext subjectAltName=DNS:other.example"),
        ("certificate ends in a day", f"{new} -days 1 {names}"),
        ("another key", f"openssl genrsa -out {folder}/mech.key 2048 2>/dev/null"),
    ])  # fmt: skip
    return shell(s, what, f"bash -c '{CERTIFICATE}'", do)


@kind
def volume_unmounted(s: Surface) -> Drift:
    path = "/opt/mech-services/shared/data"
    return shell(s, f"umount -l {path}", f"findmnt -no TARGET {path}; true", f"umount -l {path}")


@kind
def volume_not_at_boot(s: Surface) -> Drift:
    return shell(
        s, "systemctl disable mech-data", "systemctl is-enabled mech-data; true", "systemctl disable mech-data"
    )
