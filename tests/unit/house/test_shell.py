"""Shell of more than one line stands in a file of its own, where shellcheck reads it, not in an f-string."""

from __future__ import annotations

import ast
import re

import pytest

from .source import trees

# What a line of shell has and other text has not.
_SHELL = re.compile(
    r"^\#!/bin/(?:ba)?sh"
    r"|^\s*set -[a-z]*[eu]"
    r"|\|\| ?(?:true|exit|:|\{)|>\s*/dev/null|2>&1|>&2|\$\("
    r"|;\s*(?:then|do)\s*$|^\s*(?:fi|done|esac)\b|<<-?'?\w+'?$"
    r"|^\s*(?:systemctl|docker|apt-get|install|mkdir|chmod|chown|printf|echo|cat|cp|mv|rm|sed|exec|nft|ip) ",
    re.M,
)


def shell_in(tree: ast.AST) -> list[int]:
    """The lines at which an f-string with several lines of shell begins."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            text = "".join(part.value if isinstance(part, ast.Constant) else "X" for part in node.values)
            if sum(bool(line.strip()) for line in text.splitlines()) > 1 and _SHELL.search(text):
                found.append(node.lineno)
    return found


def test_no_f_string_is_a_program_of_shell() -> None:
    found = {path: lines for path, tree in trees().items() if (lines := shell_in(tree))}
    assert found == {}


@pytest.mark.parametrize(
    ("text", "is_shell"),
    [
        ('f"""set -eu\\nufw allow {port}\\n"""', True),
        ('f"if [ -f {path} ]; then\\n  rm {path}\\nfi"', True),
        ('f"docker ps -q {name}"', False),
        ('f"{count} lines\\nof a report, echoed"', False),
        ('f"[Unit]\\nDescription={name}"', False),
        ('f"server {{\\n  return 301 https://$host$request_uri;\\n}} {name}"', False),
    ],
)
def test_shell_is_told_from_other_text(text: str, is_shell: bool) -> None:
    assert bool(shell_in(ast.parse(text))) is is_shell
