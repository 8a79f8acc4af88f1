"""What hangs at the instance: attached once, by Vultr's API, and its key never in argv."""

from __future__ import annotations

import pytest

from mech_infra.commands import attachment
from tests.unit.mech_infra.commands.rig import Rig

ENV = {"ID": "x1", "INSTANCE": "i1", "VULTR_API_KEY": "very-secret", "MECH_VULTR_URL": "http://vultr/v2"}
VOLUME, ADDRESS = attachment.attach_volume(), attachment.attach_address()
CASES = [
    (VOLUME, "blocks/x1", '{"block": {"attached_to_instance": "i1"}}', '{"instance_id": "i1", "live": true}'),
    (ADDRESS, "reserved-ips/x1", '{"reserved_ip": {"instance_id": "i1"}}', '{"instance_id": "i1"}'),
]


@pytest.mark.parametrize(("text", "path", "there", "_"), CASES)
def test_what_is_attached_is_left_alone(rig: Rig, text: str, path: str, there: str, _: str) -> None:
    rig.fake("curl", f"cat >$host/said; echo '{there}'")
    assert rig.run(text, shell="sh", **ENV).stdout == "attached\n"
    assert rig.called("curl") == [f"curl -sS -m 30 -K - http://vultr/v2/{path}"]
    # The key goes by stdin, never in argv.
    assert (rig.root / "said").read_text() == 'header = "Authorization: Bearer very-secret"\n'


@pytest.mark.parametrize(("text", "path", "there", "body"), CASES)
def test_what_is_detached_is_attached_while_the_instance_runs(
    rig: Rig, text: str, path: str, there: str, body: str
) -> None:
    rig.fake("curl", f"case \"$*\" in *POST*) touch $host/on ;; *) [ ! -e $host/on ] || echo '{there}' ;; esac")
    assert rig.run(text, shell="sh", **ENV).stdout == "attached\n"
    (post,) = rig.called("POST")
    assert post.endswith(f"-d {body} http://vultr/v2/{path}/attach")


def test_vultrs_own_words_are_told_when_it_does_not_attach_and_nothing_is_taken_off_another(rig: Rig) -> None:
    rig.fake("curl", 'echo \'{"reserved_ip": {"instance_id": "another"}}\'')
    done = rig.run(ADDRESS, shell="sh", check=False, **ENV)
    assert done.returncode == 1
    assert "Vultr did not attach the reserved address x1 to instance i1:\n" in done.stderr
    assert "another" in done.stderr
    assert rig.called("detach") == []
    done = rig.run(VOLUME, shell="sh", check=False, ID="x1", INSTANCE="i1")
    assert done.returncode != 0
    assert "VULTR_API_KEY: is not set: export the Vultr API key" in done.stderr
