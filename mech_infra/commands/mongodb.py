"""A password of MongoDB: let in before the services use it, and the former one taken away after they have stopped.

A password is a user of its own (commands.passwords), since a user of MongoDB has one. Whether mongod asks for one at all
is said when it starts: `start/options` on the host says so to a container that stays the same one.
Scripts for mongosh are a call a line, and go in by stdin: no password stands in a command line.
"""

from __future__ import annotations

from mech_infra.commands import files, passwords
from mech_infra.commands.containers import DATABASE_GRACE_S

ADDRESS = "mongodb:27017"
FOLDER = "/opt/mech-services/shared/mongodb"
# Who root on the host is to MongoDB: what these commands and the drift probe say first. Nothing is there without a password.
LOGIN = f"{FOLDER}/login.js"
START, START_TARGET = f"{FOLDER}/start", "/etc/mech"
OPTIONS = f"{START}/options"
ASKS, OPEN, CLOSED = "--bind_ip_all --auth", "--bind_ip_all", "--bind_ip 127.0.0.1"
# Fails where the file is missing: mongod would ask nobody.
COMMAND = ["sh", "-c", f"options=$(cat {START_TARGET}/options) && exec docker-entrypoint.sh mongod $options"]
# Ours, by their names; `mech` was made by the image of stacks of before, from MONGO_INITDB_ROOT_USERNAME.
USERS = f"mech|{passwords.USER}"


def user(password: str) -> str:
    """Who the services are to MongoDB: "" for nobody in particular, as where no password is declared."""
    return passwords.user("mongodb", password) if password else ""


def url(password: str) -> str:
    if not password:
        return f"mongodb://{ADDRESS}/mech"
    return f"mongodb://{user(password)}:{passwords.in_url(password)}@{ADDRESS}/mech?authSource=admin"


def wanted(password: str) -> dict[str, str]:
    """The files that `apply` is given: path to text."""
    known, secret = user(password), passwords.in_json(password)
    by_env = '{"user": process.env.MONGO_INITDB_ROOT_USERNAME, "pwd": process.env.MONGO_INITDB_ROOT_PASSWORD}'
    texts = {
        "login.js": f'db.auth({{"user": "{known}", "pwd": {secret}}})\n',
        "user.js": f'db.adminCommand({{"createUser": "{known}", "pwd": {secret}, "roles": ["root"]}})\n',
        "env.js": f"db.auth({by_env})\n",
        "options": f"{ASKS}\n",
    }
    return {f"{FOLDER}/wanted/{name}": text for name, text in texts.items()}


def apply() -> str:
    """Before the container: what it starts with, and our user in the MongoDB that runs, by whoever is known there.

    One that asks nobody goes on so until `settle`. Prints a word that is new each time.
    """
    return f"""{files.write_files("600")}
cd {FOLDER}
chmod 700 .
install -d -m 755 start
cat /proc/sys/kernel/random/uuid
{_SHELL}
options='{ASKS}'
if running && [ ! -e closed ]; then
  if asks_nobody; then options='{OPEN}'; fi
  if let_in; then cp wanted/login.js login.js; fi
fi
put_options "$options\""""


def ensure() -> str:
    """After the container: our user gets in. Prints a word that is new each time.

    Where nobody who is known may make it, MongoDB is restarted for itself alone, asking nobody, and given it.
    """
    return f"""set -eu
umask 077
cd {FOLDER}
cat /proc/sys/kernel/random/uuid
{_SHELL}
wait_for_it
if [ ! -e closed ] && ! let_in && ! refuses wanted/login.js; then unclear; fi
if [ -e closed ] || ! lets_in wanted/login.js; then
  : > closed
  restart '{CLOSED}'
  make_user
  restart '{ASKS}'
  lets_in wanted/login.js || unclear
  rm closed
fi
cp wanted/login.js login.js"""


def settle(password: bool) -> str:
    """After the services: no user of ours but the wanted one is there, and MongoDB asks for it."""
    if not password:
        return f"""set -eu
mkdir -p {FOLDER}
cd {FOLDER}
{_SHELL}
{_STOP_FORMER}
stop_former {ADDRESS}
if running; then drop_former ''; fi
rm -rf login.js wanted"""
    return f"""set -eu
umask 077
cd {FOLDER}
{_SHELL}
{_STOP_FORMER}
stop_former "$name:"
running || exit 0
drop_former "$name" login.js
if asks_nobody; then restart '{ASKS}'; fi
if asks_nobody; then
  echo "MongoDB does not ask for mech:MONGODB_PASSWORD: see \\`docker logs mongodb\\`, then pulumi up again" >&2
  exit 1
fi
lets_in login.js || unclear"""


_STOP_FORMER = passwords.stop_former("MONGODB_URI", ADDRESS)
_SHELL = f"""running() {{ docker ps -q --filter name='^mongodb$' --filter status=running 2>/dev/null | grep -q .; }}
# Runs stdin after these files; fails as its first line that fails.
script() {{ cat "$@" - | timeout 60 docker exec -i mongodb mongosh --quiet admin --file /dev/stdin 2>/dev/null; }}
lets_in() {{ script "$1" < /dev/null >/dev/null; }}
refuses() {{ timeout 60 docker exec -i mongodb mongosh --quiet admin --file /dev/stdin < "$1" 2>&1 | grep -q 'Authentication failed'; }}
unclear() {{
  echo "MongoDB does not take mech:MONGODB_PASSWORD: see \\`docker logs mongodb\\`, then pulumi up again" >&2
  exit 1
}}
asks_nobody() {{ echo 'db.adminCommand({{"usersInfo": 1}})' | script >/dev/null; }}
wait_for_it() {{
  for wait in $(seq 60); do
    if echo 'db.adminCommand({{"ping": 1}})' | script >/dev/null; then return 0; fi
    sleep 0.5
  done
  echo "MongoDB does not answer its own mongosh: see \\`docker logs mongodb\\`, then pulumi up again" >&2
  exit 1
}}
name=$(grep -oE '{passwords.USER}' wanted/login.js 2>/dev/null || true)
make_user() {{
  echo "db.adminCommand({{\\"dropUser\\": \\"$name\\"}})" | script "$@" >/dev/null || true
  script "$@" < wanted/user.js >/dev/null
}}
let_in() {{
  if lets_in wanted/login.js; then return 0; fi
  # Who we were, whom the container was made with, or nobody: where it asks nobody, or has no user yet.
  for known in login.js wanted/env.js; do
    if [ -e "$known" ] && lets_in "$known" && make_user "$known"; then return 0; fi
  done
  make_user
}}
drop_former() {{
  wanted=$1; shift
  echo 'printjson(db.adminCommand({{"usersInfo": 1}}))' | script "$@" | grep -oE "user: '({USERS})'" | cut -d "'" -f 2 |
    while read -r one; do
      [ "$one" = "$wanted" ] || echo "db.adminCommand({{\\"dropUser\\": \\"$one\\"}})" | script "$@" >/dev/null
    done
}}
put_options() {{
  echo "$1" > start/options.new
  chmod 644 start/options.new
  mv -f start/options.new start/options
}}
restart() {{
  put_options "$1"
  docker restart -t {DATABASE_GRACE_S} mongodb >/dev/null
  wait_for_it
}}"""
