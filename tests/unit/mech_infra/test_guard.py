"""What the guard refuses, on the program under mocks with the state of a stack that runs."""

from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import Any

import pulumi
import pytest

from mech_infra import state as stack_state
from mech_infra.guard import judging
from mech_infra.guard.program import Guard, Refused

from .conftest import Declare

URN = "urn:pulumi:unit::mech::"
BLOCK = f"{URN}mech:platform:DataVolume$vultr:index/blockStorage:BlockStorage::data-block"
ADDRESS = f"{URN}mech:platform:Host$vultr:index/reservedIp:ReservedIp::host-address"
INSTANCE = f"{URN}mech:platform:Host$vultr:index/instance:Instance::host-instance"
MONGODB = f"{URN}mech:platform:Datastores$docker:index/container:Container::datastores-mongodb"
SEARCH = f"{URN}mech:platform:Services$docker:index/container:Container::services-search"
DATA = "/opt/mech-services/shared/data"
RUNNING: dict[str, dict[str, Any]] = {
    BLOCK: {"region": "ewr", "blockType": "storage_opt", "sizeGb": 40.0, "attachedToInstance": "i1", "mountId": "ewr-1"},
    ADDRESS: {"region": "ewr", "ipType": "v4", "subnet": "203.0.113.7", "instanceId": "i1"},
    INSTANCE: {"region": "ewr", "osId": 2136.0, "hostname": "mech", "plan": "vc2-4c-8gb", "userScheme": "root"},
    MONGODB: {"mounts": [{"target": "/data/db", "source": f"{DATA}/mongodb", "type": "bind", "readOnly": False}]},
    SEARCH: {"mounts": [], "ports": []},
}  # fmt: skip


def state(**changes: Any) -> dict[str, Any]:
    """The running stack's state; `changes`: outputs by the resource's last name, None: not there, or added by URN."""
    outputs = copy.deepcopy(RUNNING)
    for urn, values in changes.items():
        outputs[urn] = values
    return {urn: {"type": urn.split("::")[2].rpartition("$")[2], "outputs": found} for urn, found in outputs.items()}


def test_what_runs_and_does_not_change_is_let_through(declare: Declare) -> None:
    assert "data-block" in declare(state=state()).resources
    for changed in ({"protect": True}, {"protect": True, "dataVolumeGb": 80, "plan": "vc2-6c-16gb"}):
        assert "data-block" in declare({"host": changed}, state=state()).resources


@pytest.mark.parametrize(
    ("sections", "before", "says"),
    [
        ({"host": {"region": "ams"}}, {}, ["region ewr → ams", "host-address", "mech:allow[0]' 'replace host-address'"]),
        ({"host": {"region": "ams", "protect": True}, "allow": ["replace host-address"]}, {}, ["the protected instance"]),
        ({"host": {"dataVolumeGb": 20}}, {}, ["data-block", "40 GB → 20 GB", "leave it at 40 GB", "'shrink data-block'"]),
        ({"host": {"hostname": "web", "protect": True}}, {}, ["hostname mech → web", "'replace host-instance'"]),
        (
            {},
            {f"{URN}mech:platform:Disk$vultr:index/blockStorage:BlockStorage::disk-block": RUNNING[BLOCK]},
            ["disk-block", "no longer declares it", "alias", "'delete disk-block'"],
        ),
        (
            {},
            {f"{URN}docker:index/container:Container::postgres": RUNNING[MONGODB]},
            ["postgres", "'delete postgres'"],
        ),
        (
            {},
            {MONGODB: {"mounts": [{"target": "/data/db", "source": "/srv/mongo", "type": "bind"}]}},
            ["datastores-mongodb", "/data/db is on bind:/srv/mongo", f"bind:{DATA}/mongodb", "'remount datastores-mongodb'"],
        ),
        (
            {},
            {MONGODB: {"volumes": [{"containerPath": "/data/configdb", "volumeName": "config"}]}},
            ["/data/configdb is on volume:config", "nothing"],
        ),
    ],
)  # fmt: skip
def test_a_change_that_loses_data_is_refused_with_both_ways_out(
    declare: Declare, sections: dict[str, Any], before: dict[str, Any], says: list[str]
) -> None:
    with pytest.raises(Refused) as caught:
        declare(sections, state=state(**before))
    for part in says:
        assert part in str(caught.value)


def test_the_permission_names_exactly_one_change_of_one_resource(declare: Declare) -> None:
    smaller = {"host": {"dataVolumeGb": 20}}
    assert declare({**smaller, "allow": ["shrink data-block"]}, state=state()).of("BlockStorage")
    for other in ("shrink host-address", "replace data-block", "delete data-block"):
        with pytest.raises(Refused):
            declare({**smaller, "allow": [other]}, state=state())


def test_an_instance_that_is_not_protected_may_be_made_anew(declare: Declare) -> None:
    assert declare({"host": {"hostname": "web"}}, state=state()).of("Instance")


def test_a_stack_that_is_new_has_nothing_to_lose(declare: Declare) -> None:
    assert declare({"host": {"region": "ams", "dataVolumeGb": 10}}).of("BlockStorage")


def test_an_instance_that_is_gone_at_vultr_is_made_anew_and_data_are_not(declare: Declare) -> None:
    declare(state=state())
    guard = Guard((), protect=True, state=state())

    def created(urn: str) -> None:
        kind = urn.split("::")[2].rpartition("$")[2]
        guard._created(pulumi.ResourceHookArgs(urn, "", urn.rpartition("::")[2], kind, new_inputs=RUNNING[urn]))

    created(INSTANCE)
    created(MONGODB)
    for urn in (BLOCK, ADDRESS):
        with pytest.raises(Refused, match="gone at the cloud"):
            created(urn)


def test_an_address_whose_host_is_not_declared_stays_attached() -> None:
    address = "vultr:index/reservedIp:ReservedIp"
    same = {"region": "ewr", "ipType": "v4", "label": "web"}
    assert not list(judging.updated(address, "host-address", RUNNING[ADDRESS], same, ()))
    found = list(judging.updated(address, "host-address", RUNNING[ADDRESS], {**same, "instanceId": ""}, ()))
    assert [finding.change for finding in found] == ["detach"]


BLOCK_TYPE = "vultr:index/blockStorage:BlockStorage"


@pytest.mark.parametrize(
    ("new", "ignored", "change"),
    [
        ({"sizeGb": 40.0}, (), "detach"),
        ({"sizeGb": 40.0, "attachedToInstance": "i2"}, (), "detach"),
        ({"sizeGb": 40.0}, ("attachedToInstance",), None),
        ({"sizeGb": 40.0, "attachedToInstance": "i1"}, (), None),
        ({"sizeGb": 10.0, "attachedToInstance": "i1"}, (), "shrink"),
    ],
)
def test_an_update_that_detaches_or_cuts_is_seen_in_the_plan(
    new: dict[str, Any], ignored: tuple[str, ...], change: str | None
) -> None:
    found = list(judging.updated(BLOCK_TYPE, "data-block", RUNNING[BLOCK], new, ignored))
    assert [finding.change for finding in found] == ([change] if change else [])


@pytest.mark.parametrize(
    ("error", "times", "tries"),
    [("failed to load checkpoint: EOF", 2, 3), ("failed to load checkpoint: EOF", 99, 10), ("access denied", 99, 1)],
)
def test_a_state_that_is_being_written_is_read_again(
    monkeypatch: pytest.MonkeyPatch, error: str, times: int, tries: int
) -> None:
    asked: list[str] = []

    def invoke(token: str, args: dict[str, Any]) -> Any:
        asked.append(token)
        if len(asked) <= times:
            raise Exception(f"invoke of {token} failed: {error}")
        return SimpleNamespace(value={"outputs": {"urn": {}}})

    monkeypatch.setattr(stack_state.pulumi.runtime, "invoke", invoke)
    monkeypatch.setattr(stack_state.time, "sleep", lambda seconds: None)
    if times < tries:
        assert stack_state.read() == {"urn": {}}
    else:
        with pytest.raises(Exception, match=error):
            stack_state.read()
    assert len(asked) == tries


def test_a_database_that_is_made_anew_is_an_outage_told_or_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr("mech_infra.guard.program.pulumi.log.warn", said.append)
    changed = {**RUNNING[MONGODB], "image": "sha256:" + "b" * 64, "cpus": "1.5"}
    about = pulumi.ResourceHookArgs(MONGODB, "", "datastores-mongodb", judging.CONTAINER, new_inputs=changed)
    has = state()
    has[MONGODB]["outputs"] |= {"image": "sha256:" + "a" * 64, "cpus": "1.0"}
    Guard((), True, has)._created(about)
    assert said == [
        "change-with-outage: datastores-mongodb: outage of about 15 s: there is one of it, and it is made anew "
        "(image aaaaaaaaaaaa → bbbbbbbbbbbb, cpus 1.0 → 1.5); what asks it meanwhile waits or fails"
    ]
    with pytest.raises(Refused, match="refused, since it interrupts; nothing was changed") as refused:
        Guard((), True, has, "refuse")._created(about)
    assert "'mech:allow[0]' 'interrupt datastores-mongodb'" in str(refused.value)
    Guard([judging.Permission("interrupt", "datastores-mongodb")], True, has, "refuse")._created(about)
    assert len(said) == 2


def test_hosts_beside_the_first_one_come_and_go(declare: Declare) -> None:
    of_w1 = {urn.replace("::host-", "::host-w1-"): RUNNING[urn] for urn in (ADDRESS, INSTANCE)}
    assert declare({"host": {"protect": True}}, state=state(**of_w1)).resources


def test_a_host_that_is_put_onto_the_private_network_interrupts(declare: Declare) -> None:
    refusing = {"fleet": {"workers": 1}, "rollout": {"outage": "refuse"}}
    with pytest.raises(
        Refused, match="Vultr restarts a host that is put onto a private network.*'interrupt host-instance'"
    ):
        declare(refusing, state=state())
    assert declare({**refusing, "allow": ["interrupt host-instance"]}, state=state()).resources
    assert declare(refusing, state=state(**{INSTANCE: {**RUNNING[INSTANCE], "vpcIds": ["v"]}})).resources
    assert declare(refusing).resources
