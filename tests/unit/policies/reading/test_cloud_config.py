"""cloud-init's user data is read as the commands that it runs."""

from __future__ import annotations

import base64
import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.model import INSTANCE, UNKNOWN, Resource, Stack
from policies.reading.cloud_config import spoken
from policies.reading.commands import scripts, unknown_scripts, written
from policies.reading.shell import HOLE

TEXT = """#cloud-config
packages: [ufw]
write_files:
  - {path: /etc/nginx/conf.d/a.conf, content: "server { listen 80; }"}
  - {path: /root/b, encoding: b64, content: aGk=}
runcmd:
  - ufw allow 22/tcp && ufw --force enable
  - [ufw, allow, 80/tcp, comment, "the web"]
bootcmd: ["ufw disable"]
"""


@pytest.mark.parametrize("encode", [str, lambda text: base64.b64encode(text.encode()).decode()])
def test_what_a_first_boot_does(encode: object) -> None:
    assert callable(encode)
    stack = Stack([Resource(INSTANCE, "host", {"userData": encode(TEXT)})])
    (script,) = scripts(stack)
    assert [act.argv for act in script.trace.of("ufw")] == [
        ("ufw", "disable"),
        ("ufw", "allow", "22/tcp"),
        ("ufw", "--force", "enable"),
        ("ufw", "allow", "80/tcp", "comment", "the web"),
    ]
    assert dict(written(stack)) == {"/etc/nginx/conf.d/a.conf": "server { listen 80; }", "/root/b": "hi"}


def test_packed_content_and_what_is_none() -> None:
    packed = base64.b64encode(gzip.compress(b"ufw deny 80")).decode()
    assert "ufw deny 80" in spoken(f"#cloud-config\nwrite_files: [{{path: /x, encoding: gz+b64, content: {packed}}}]")
    assert HOLE in spoken("#cloud-config\nwrite_files: [{path: /x, encoding: gz+b64, content: aGk=}]")


def test_user_data_that_is_not_known_is_said() -> None:
    assert unknown_scripts(Stack([Resource(INSTANCE, "host", {"userData": UNKNOWN})])) == ["host.userData"]


@given(st.text(alphabet="#cloud-config\n:[]{}-'\" runmdpahw_files0", max_size=80))
def test_any_text_is_read(text: str) -> None:
    spoken(text)
