"""What a stand-in provider implements: `Provider` once, `Resource` for each token. See docs/architecture.md."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from sandbox.providers.values import UNKNOWN, is_archive, is_asset, same

Severity = Literal["debug", "info", "warning", "error"]
Kind = Literal["add", "delete", "update"]


class ProviderError(Exception):
    """An expected failure; the message is what the user reads."""


class PartialError(ProviderError):
    """The resource exists but is not right: the engine saves it and the next `up` tries to repair it."""

    def __init__(self, id: str, outputs: dict[str, Any], message: str) -> None:
        super().__init__(message)
        self.id = id
        self.outputs = outputs


@dataclass(frozen=True)
class CheckFailure:
    property: str  # "" when the failure is about the resource as a whole
    reason: str


@dataclass
class Diff:
    """What changes. `detailed` maps a property path (`ports[0].external`) to a kind."""

    detailed: dict[str, Kind] = field(default_factory=dict)
    replaces: list[str] = field(default_factory=list)  # property paths, a subset of `detailed`
    delete_before_replace: bool = False
    stables: list[str] = field(default_factory=list)
    changed: bool | None = None  # None: when `detailed` is not empty

    @property
    def has_changes(self) -> bool:
        return bool(self.detailed) if self.changed is None else self.changed


def top(path: str) -> str:
    """The top-level property of a path: `ports[0].external` -> `ports`."""
    return path.split(".", 1)[0].split("[", 1)[0]


def diff_values(
    old: dict[str, Any],
    new: dict[str, Any],
    replace: Collection[str] = (),
    only: Collection[str] | None = None,
    sets: Collection[str] = (),
) -> Diff:
    """Compare two property maps to the leaves. `replace`: top-level properties whose change replaces;
    `only`: the top-level properties to look at; `sets`: top-level lists whose order means nothing."""
    detailed: dict[str, Kind] = {}
    for key in sorted(set(old) | set(new)):
        if key.startswith("__") or (only is not None and key not in only):
            continue
        left, right = old.get(key), new.get(key)
        if key in sets and isinstance(left, list) and isinstance(right, list):
            left, right = _as_sets(left, right)
        _walk(key, left, right, detailed)
    return Diff(detailed=detailed, replaces=[path for path in detailed if top(path) in replace])


def _as_sets(left: list[Any], right: list[Any]) -> tuple[list[Any], list[Any]]:
    """Lists with equal elements at equal places, then the rest."""
    rest = list(right)
    common = []
    for item in left:
        if item in rest:
            rest.remove(item)
            common.append(item)
    gone = list(left)
    for item in common:
        gone.remove(item)
    return common + gone, common + rest


def _walk(path: str, left: Any, right: Any, out: dict[str, Kind]) -> None:
    if left is None and right is None:
        return
    if left is None:
        out[path] = "add"
    elif right is None:
        out[path] = "delete"
    elif is_asset(left) or is_archive(left) or is_asset(right) or is_archive(right):
        if not same(left, right):
            out[path] = "update"
    elif isinstance(left, dict) and isinstance(right, dict):
        for key in sorted(set(left) | set(right)):
            step = f"{path}.{key}" if key.replace("_", "a").isalnum() else f'{path}["{key}"]'
            _walk(step, left.get(key), right.get(key), out)
    elif isinstance(left, list) and isinstance(right, list):
        for index in range(max(len(left), len(right))):
            _walk(
                f"{path}[{index}]",
                left[index] if index < len(left) else None,
                right[index] if index < len(right) else None,
                out,
            )
    elif not same(left, right):
        out[path] = "update"


@dataclass
class Context:
    """One call's surroundings. Values given to a Resource are plain."""

    urn: str = ""
    name: str = ""
    token: str = ""
    preview: bool = False
    config: dict[str, Any] = field(default_factory=dict)  # the provider's configuration, plain
    provider: Any = None  # the Provider object: holds shared clients
    cancelled: threading.Event = field(default_factory=threading.Event)
    old_inputs: dict[str, Any] = field(default_factory=dict)  # for update and delete
    raw_inputs: dict[str, Any] = field(default_factory=dict)  # for read: with the bridge's own keys
    timeout: float = 0  # seconds, as the program set it for this operation; 0: not set
    meta: str | None = None  # for read: the state's `__meta`
    may_name: bool = True  # whether a name may be made where the program gives none
    proposed_name: str = ""  # the engine's own proposal for it (`pulumi:autonaming` in the configuration)
    random_seed: bytes = b""
    log_sink: Callable[[Severity, str, str, bool], None] | None = None
    redact: Callable[[str], str] = str

    def log(self, message: str, severity: Severity = "info", ephemeral: bool = False) -> None:
        """Show a line to the user under this resource; secrets of this call are blanked.

        `ephemeral`: only in the live display, not in the summary (progress, a command's output).
        """
        if self.log_sink is not None:
            self.log_sink(severity, self.redact(message), self.urn, ephemeral)

    def auto_name(self, digits: int = 7) -> str:
        """`<name>-<hex>`: stable for one resource during one update, as the engine's random seed is."""
        seed = self.random_seed or self.urn.encode()
        return f"{self.name}-{hashlib.sha256(seed + self.urn.encode()).hexdigest()[:digits]}"


class Resource:
    """One token. All maps are plain Python without Secret; at preview they may hold UNKNOWN."""

    token: ClassVar[str]
    computed: ClassVar[tuple[str, ...]] = ()  # outputs that only the cloud knows
    secret_outputs: ClassVar[frozenset[str]] = frozenset()  # secret whatever the inputs were
    secret_inputs: ClassVar[frozenset[str]] = frozenset()  # of the inputs: secret whatever the program said
    replace_on: ClassVar[frozenset[str]] = frozenset()  # used by the default diff

    def check(
        self, ctx: Context, olds: dict[str, Any], news: dict[str, Any]
    ) -> tuple[dict[str, Any], list[CheckFailure]]:
        return news, []

    def diff(
        self,
        ctx: Context,
        id: str,
        old_inputs: dict[str, Any],
        old_outputs: dict[str, Any],
        news: dict[str, Any],
    ) -> Diff:
        return diff_values(old_inputs, news, self.replace_on)

    def create(self, ctx: Context, inputs: dict[str, Any], timeout: float) -> tuple[str, dict[str, Any]]:
        """(id, outputs). `timeout` is seconds, 0 when the program did not set one."""
        raise NotImplementedError

    def preview(self, ctx: Context, inputs: dict[str, Any]) -> dict[str, Any]:
        """Outputs of a create, as far as they are known."""
        return {**dict.fromkeys(self.computed, UNKNOWN), **inputs}

    def preview_id(self, ctx: Context) -> str:
        """The id that a preview tells; "" where only the cloud makes it."""
        return ""

    def preview_update(
        self, ctx: Context, id: str, old_outputs: dict[str, Any], inputs: dict[str, Any]
    ) -> dict[str, Any]:
        """Outputs of an update, as far as they are known: by default the cloud's own values stay."""
        return {**{key: old_outputs[key] for key in self.computed if key in old_outputs}, **inputs}

    def read(
        self, ctx: Context, id: str, inputs: dict[str, Any], outputs: dict[str, Any]
    ) -> tuple[str, dict[str, Any], dict[str, Any]] | None:
        """(id, outputs, inputs) as they are now; None when it is gone. Import: inputs and outputs are empty."""
        return id, outputs, inputs

    def update(
        self, ctx: Context, id: str, old_outputs: dict[str, Any], inputs: dict[str, Any], timeout: float
    ) -> dict[str, Any]:
        raise ProviderError(f"{self.token} cannot be updated in place")

    def delete(self, ctx: Context, id: str, outputs: dict[str, Any], timeout: float) -> None:
        return None


class Provider:
    """One plugin: its name, version, resources and configuration."""

    name: ClassVar[str]
    version: ClassVar[str]
    resources: ClassVar[tuple[type[Resource], ...]] = ()
    secret_config: ClassVar[frozenset[str]] = frozenset()
    replace_on_config: ClassVar[frozenset[str]] = frozenset()  # a change replaces the provider and all it made
    public_keys: ClassVar[frozenset[str]] = frozenset()  # never blanked in messages, even in a secret object
    max_workers: ClassVar[int] = 64
    # Bridged from Terraform's SDK v2: such a plugin is not given secrets, and words errors as Terraform does.
    sdk_v2: ClassVar[bool] = False
    compares_config: ClassVar[bool] = True
    stamp: ClassVar[dict[str, str]] = {}  # what the plugin writes into its own configuration

    def __init__(self) -> None:
        self.config: dict[str, Any] = {}
        self.by_token: dict[str, Resource] = {cls.token: cls() for cls in self.resources}

    def check_config(self, ctx: Context, news: dict[str, Any]) -> list[CheckFailure]:
        """What is wrong with the configuration; values may be UNKNOWN at preview."""
        return []

    def configure(self, ctx: Context, config: dict[str, Any]) -> None:
        """Keep what calls need; do not dial out here, since a host may not exist yet."""

    def invoke(self, ctx: Context, token: str, args: dict[str, Any]) -> dict[str, Any]:
        raise ProviderError(f"the {self.name} stand-in has no function {token}")

    def secret_invoke_outputs(self, token: str, result: dict[str, Any], secret_args: bool) -> dict[str, Any]:
        """The function's result with its secret parts marked."""
        return result

    def cancel(self) -> None:
        """The user pressed Ctrl-C: stop waiting."""
