"""A password of MongoDB: let in before the services use it, and the former one taken away after they have stopped.

A password is a user of its own (commands.passwords), since a user of MongoDB has one. Whether mongod asks for one at all
is said when it starts: `start/options` on the host says so to a container that stays the same one.
Scripts for mongosh are a call a line, and go in by stdin: no password stands in a command line.
"""

from __future__ import annotations

from mech_infra.commands import passwords
from mech_infra.commands.containers import DATABASE_GRACE_S, MANAGED, SERVICE_GRACE_S
from mech_infra.commands.script import room, script

ADDRESS = "mongodb:27017"
FOLDER = "/opt/mech-services/shared/mongodb"
# Who root on the host is to MongoDB: what these commands and the drift probe say first. Nothing is there without a password.
LOGIN = f"{FOLDER}/login.js"
START, START_TARGET = f"{FOLDER}/start", "/etc/mech"
ASKS, OPEN, CLOSED = "--bind_ip_all --auth", "--bind_ip_all", "--bind_ip 127.0.0.1"
# Fails where the file is missing: mongod would ask nobody.
COMMAND = ["sh", "-c", f"options=$(cat {START_TARGET}/options) && exec docker-entrypoint.sh mongod $options"]
_ROOM = room(__file__)
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
    return script(_ROOM / "apply.sh", FOLDER, ASKS, OPEN)


def ensure() -> str:
    """After the container: our user gets in. Prints a word that is new each time.

    Where nobody who is known may make it, MongoDB is restarted for itself alone, asking nobody, and given it.
    """
    return script(_ROOM / "ensure.sh", FOLDER, ASKS, CLOSED, DATABASE_GRACE_S)


def settle(password: bool) -> str:
    """After the services: no user of ours but the wanted one is there, and MongoDB asks for it."""
    about = (FOLDER, ADDRESS, MANAGED, SERVICE_GRACE_S)
    if not password:
        return script(_ROOM / "settle_open.sh", *about)
    return script(_ROOM / "settle.sh", *about, ASKS, DATABASE_GRACE_S)
