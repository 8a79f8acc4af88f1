"""Pulumi property values as plain Python, and back.

Rules: Pulumi's protocol (sdk/go/common/resource/plugin/rpc.go): special objects carry a signature key,
unknowns are sentinel strings. Nulls inside objects are dropped (they mean "not set"); whole floats become int.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sandbox.providers.stubs import struct_pb2

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a signature, not a secret
OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
ASSET: Final = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE: Final = "0def7320c3a5731c473e5ecbe6d01bc7"
_UNKNOWN_TEXT: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
# One sentinel a type: string, bool, number, array, asset, archive, object.
_UNKNOWNS: Final = frozenset(
    {
        _UNKNOWN_TEXT,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)


class Unknown:
    """A value that exists only after the update; one instance, `UNKNOWN`."""

    _one: Unknown | None = None

    def __new__(cls) -> Unknown:
        cls._one = cls._one or super().__new__(cls)
        return cls._one

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()


@dataclass(frozen=True)
class Secret:
    """A value the engine must encrypt in state and hide on screen."""

    value: Any

    def __repr__(self) -> str:
        return "Secret([secret])"


def from_value(value: Any) -> Any:
    """One protobuf Value as Python: dict, list, str, bool, int, float, None, Secret, UNKNOWN."""
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return _from_object({key: from_value(item) for key, item in value.struct_value.fields.items()})
    if kind == "list_value":
        return [from_value(item) for item in value.list_value.values]
    if kind == "number_value":
        number = float(value.number_value)
        return int(number) if number.is_integer() else number
    if kind == "string_value":
        return UNKNOWN if value.string_value in _UNKNOWNS else value.string_value
    if kind == "bool_value":
        return bool(value.bool_value)
    return None


def _from_object(fields: dict[str, Any]) -> Any:
    signature = fields.get(SIGNATURE)
    if signature == SECRET:
        return Secret(fields.get("value"))
    if signature == OUTPUT:
        inner = fields.get("value", UNKNOWN)
        return Secret(inner) if fields.get("secret") else inner
    return {key: item for key, item in fields.items() if item is not None}


def from_struct(struct: Any) -> dict[str, Any]:
    """A protobuf Struct as a dict; may hold Secret and UNKNOWN at any depth."""
    result = {key: from_value(item) for key, item in struct.fields.items()}
    return {key: item for key, item in result.items() if item is not None}


def from_json(value: Any) -> Any:
    """The same for a value that came as JSON text (nested provider configuration)."""
    if isinstance(value, dict):
        return _from_object({key: from_json(item) for key, item in value.items()})
    if isinstance(value, list):
        return [from_json(item) for item in value]
    if isinstance(value, str):
        return UNKNOWN if value in _UNKNOWNS else value
    return int(value) if isinstance(value, float) and value.is_integer() else value


def to_value(value: Any, nulls: bool = False) -> Any:
    """Python as one protobuf Value. Raises TypeError for a type Pulumi does not have."""
    if isinstance(value, Secret):
        return to_value({SIGNATURE: SECRET, "value": value.value}, nulls)
    if isinstance(value, Unknown):
        return struct_pb2.Value(string_value=_UNKNOWN_TEXT)
    if value is None:
        return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
    if isinstance(value, bool):
        return struct_pb2.Value(bool_value=value)
    if isinstance(value, int | float):
        return struct_pb2.Value(number_value=value)
    if isinstance(value, str):
        return struct_pb2.Value(string_value=value)
    if isinstance(value, Mapping):
        return struct_pb2.Value(struct_value=to_struct(value, nulls))
    if isinstance(value, Iterable) and not isinstance(value, bytes):
        return struct_pb2.Value(list_value=struct_pb2.ListValue(values=[to_value(item, nulls) for item in value]))
    raise TypeError(f"a property cannot be a {type(value).__name__}")


def to_struct(values: Mapping[str, Any], nulls: bool = False) -> Any:
    """A mapping as a protobuf Struct; None means "not set": left out, or null where `nulls`."""
    struct = struct_pb2.Struct()
    for key, item in values.items():
        if item is not None or nulls:
            struct.fields[key].CopyFrom(to_value(item, nulls))
    return struct


def plain(value: Any) -> Any:
    """The value without Secret wrappers, for work."""
    if isinstance(value, Secret):
        return plain(value.value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def has_secret(value: Any) -> bool:
    if isinstance(value, dict):
        return any(has_secret(item) for item in value.values())
    if isinstance(value, list):
        return any(has_secret(item) for item in value)
    return isinstance(value, Secret)


def has_unknown(value: Any) -> bool:
    """True when some part is known only after the update."""
    if isinstance(value, Secret):
        return has_unknown(value.value)
    if isinstance(value, dict):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(has_unknown(item) for item in value)
    return isinstance(value, Unknown)


def secret_texts(value: Any, public: Collection[str] = (), inside: bool = False) -> set[str]:
    """Every secret string in the value, to keep out of messages (shorter than 4 characters: not worth it).

    `public`: keys that say nothing secret even inside a secret object, such as a connection's `host`.
    """
    if isinstance(value, Secret):
        return secret_texts(value.value, public, True)
    if isinstance(value, dict):
        parts = (secret_texts(item, public, inside) for key, item in value.items() if key not in public)
        return set().union(*parts)
    if isinstance(value, list):
        return set().union(*(secret_texts(item, public, inside) for item in value))
    return {value} if inside and isinstance(value, str) and len(value) >= 4 else set()


def mark_like(value: Any, template: Any) -> Any:
    """`value` with the secrecy of `template` at the same places; a list that changed shape is secret as a whole."""
    if isinstance(value, Secret) or not has_secret(template):
        return value
    if isinstance(template, Secret):
        return Secret(mark_like(value, template.value))
    if isinstance(value, dict) and isinstance(template, dict):
        return {key: mark_like(item, template.get(key)) for key, item in value.items()}
    if isinstance(value, list) and isinstance(template, list):
        if plain(value) == plain(template):
            return [mark_like(item, other) for item, other in zip(value, template, strict=True)]
        return Secret(plain(value))
    return value


def mark(values: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """The values with the named top-level properties secret."""
    wanted = set(names)
    return {
        key: Secret(plain(item)) if key in wanted and item is not None and not isinstance(item, Secret) else item
        for key, item in values.items()
    }


def is_asset(value: Any) -> bool:
    return isinstance(value, dict) and value.get(SIGNATURE) == ASSET


def is_archive(value: Any) -> bool:
    return isinstance(value, dict) and value.get(SIGNATURE) == ARCHIVE


def same(left: Any, right: Any) -> bool:
    """Equality as Pulumi means it: assets by hash when both have one, an unknown equals nothing."""
    if has_unknown(left) or has_unknown(right):
        return False
    for test in (is_asset, is_archive):
        if test(left) and test(right) and left.get("hash") and right.get("hash"):
            return bool(left["hash"] == right["hash"])
    return bool(left == right)
