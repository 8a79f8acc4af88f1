"""What looks like a secret in plain, and what only looks like one."""

from __future__ import annotations

import pytest

from policies.model import REMOTE, Resource, Stack
from policies.reading.secrets import MARK, SECRET_MARK, in_text, in_words, marked
from policies.reading.shell import read
from policies.rules import BY_ID

VALUE = "Tr0ub4dor-and-3"
PLAIN = [
    f"export DB_PASSWORD={VALUE}",
    f"docker run -e POSTGRES_PASSWORD='{VALUE}' postgres",
    f'  "api_token": "{VALUE}"',
    f"password: {VALUE}",
    f"requirepass {VALUE}",
    f"psql postgres://app:{VALUE}@db/app",
    f"curl -H 'Authorization: Bearer {VALUE}' https://x.example",
    f"CREATE USER app IDENTIFIED BY '{VALUE}'",
    "token=glpat-" + "a1" * 12,
    "sk-" + "a1" * 12,
    "-----BEGIN RSA PRIVATE KEY-----\n" + "A" * 64,
    "aws configure set aws_access_key_id AKIA" + "A1" * 8,
]
WORDS = [
    f"P={VALUE}; mysql -uroot -p$P",
    f"redis-cli -a {VALUE} ping",
    f"sshpass -p {VALUE} ssh h true",
    f"curl -u me:{VALUE} https://x.example",
    f"docker login -u me -p {VALUE} r.example",
    f"htpasswd -bc /etc/nginx/users me {VALUE}",
    f"echo 'root:{VALUE}' | chpasswd",
    f"mongosh --username me --password {VALUE}",
]
NOT = [
    "PASSWORD=$PASSWORD", 'PASSWORD="${PASSWORD:-}"', "TOKEN=$(cat /run/token)", "DB_PASSWORD_FILE=/run/secrets/db",
    "SSH_PRIVATE_KEY=/root/.ssh/id_ed25519", "API_KEY=<your-key>", "API_KEY=changeme", "PASSWORD=", "PASSWORD='{{ password }}'",
    "POSTGRES_PASSWORD=%(password)s", "PASSWORD=$2y$10$abcdefghijklmnopqrstuv", "# PASSWORD=Tr0ub4dor-and-3",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJk3f0sV0wM4w8aYB1yHj4m7 me", "-----BEGIN CERTIFICATE-----\n" + "A" * 64,
    "-----BEGIN PUBLIC KEY-----\n" + "A" * 64, "grep -q 'BEGIN PRIVATE KEY' f", "image: app@sha256:" + "ab" * 32,
    "proxy_set_header Authorization $http_authorization;", "sed -i 's/^password=.*/password=$P/' f", "PasswordAuthentication no",
    "https://user@host.example/path", "mysql -p", "redis-cli -a \"$P\"", "docker login --password-stdin", "mkdir -p /srv/data1",
    "docker run -p 8080:80 nginx", "curl -u \"$USER:$PASSWORD\" https://x.example", "ssh -p 2222 host", "token: string",
    "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE",
]  # fmt: skip


@pytest.mark.parametrize("text", PLAIN)
def test_a_secret_in_plain_is_named_with_its_line_and_never_told(text: str) -> None:
    found = in_text(f"first\n{text}")
    assert found
    assert found[0].line == 2
    assert VALUE not in repr(found)


@pytest.mark.parametrize("text", WORDS)
def test_a_password_that_is_a_word_of_a_command(text: str) -> None:
    assert list(in_words(read(text)))


@pytest.mark.parametrize("text", NOT)
def test_what_is_no_secret(text: str) -> None:
    assert in_text(text) == ()
    assert list(in_words(read(text))) == []


def test_what_pulumi_marks() -> None:
    secret = {MARK: SECRET_MARK, "value": "x"}
    assert set(marked({"a": secret, "b": ["y", secret], "c": {"d": secret}, "e": 1})) == {("a",), ("b", 1), ("c", "d")}
    resource = Resource("t", "n", {}, secrets=frozenset({("a",), ("b", 1)}))
    assert [resource.is_secret(*path) for path in (("a", 0), ("b", 1), ("b", 0), ("c",))] == [True, True, False, False]
    assert Resource("t", "n", {}).is_secret("a")  # as long as nobody knows


def test_a_finding_does_not_tell_the_secret() -> None:
    about = {"create": f"mysql -p{VALUE}\nexport A_TOKEN={VALUE}", "environment": {"A_PASSWORD": VALUE}, "stdin": f"PASSWORD={VALUE}"}  # fmt: skip
    stack = Stack([Resource(REMOTE, "c", about, secrets=frozenset())])
    said = [f.text for id in ("secrets-in-command", "secrets-in-environment") for f in BY_ID[id].judge(stack)[0]]
    assert said == [
        "line 1 of c has a password for mysql in plain",
        "line 2 of c has the value of A_TOKEN in plain",
        "c has A_PASSWORD in plain",
        "c has the value of PASSWORD in plain on its stdin",
    ]
