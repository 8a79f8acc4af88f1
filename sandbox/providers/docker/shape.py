"""What the Docker resources have in common: sets compared as sets, labels, and defaults inside nested objects."""

from __future__ import annotations

import json
import re
from typing import Any, ClassVar

from sandbox.providers.bridge import Bridged, Field, Values, empty, required
from sandbox.providers.contract import Context, Diff, top
from sandbox.providers.values import has_unknown

LABELS: dict[str, Field] = {"label": required(), "value": required()}


def labels_to_map(labels: list[Values] | None) -> dict[str, str]:
    return {str(item["label"]): str(item.get("value", "")) for item in labels or []}


def labels_from_map(labels: dict[str, str] | None) -> list[Values]:
    return [{"label": key, "value": value} for key, value in sorted((labels or {}).items())]


def lean(value: Any) -> Any:
    """Without empty parts at any depth: Terraform's zero values are no values."""
    if isinstance(value, dict):
        return {key: lean(item) for key, item in value.items() if not empty(lean(item))}
    return [lean(item) for item in value] if isinstance(value, list) else value


class DockerResource(Bridged):
    """A bridged resource whose unordered lists are normalised before they are compared."""

    zero_defaults = False
    notes_shape = True
    unique_name: ClassVar[bool] = True  # whether the plugin knows that another name is another thing, to be made first

    def normal(self, name: str, value: Any, inputs: Values) -> Any:
        if self.fields[name].kind in ("list", "object", "map"):
            value = lean(value)
        if self.fields[name].unordered and isinstance(value, list) and not has_unknown(value):
            return sorted(value, key=lambda item: json.dumps(item, sort_keys=True))
        return value

    def diff(self, ctx: Context, id: str, old_inputs: Values, old_outputs: Values, news: Values) -> Diff:
        diff = super().diff(ctx, id, old_inputs, old_outputs, news)
        for name, field in self.fields.items():
            if field.unordered and any(top(path) == name for path in diff.detailed):
                self._true_places(diff, name, old_outputs.get(name), news.get(name), news)
        # The bridge deletes first when the program chose the name and keeps it: two cannot share it.
        own_name = not re.fullmatch(re.escape(ctx.name) + "-[0-9a-f]{7}", str(news.get("name", "")))
        if "name" in self.fields and self.fields["name"].autoname and own_name:
            diff.delete_before_replace = news.get("name") == old_outputs.get("name") or not self.unique_name
        return diff

    def _true_places(self, diff: Diff, name: str, old: Any, new: Any, news: Values) -> None:
        """Paths by the places of the lists as they are, not as they were sorted: the display looks there."""
        if not (isinstance(old, list) and isinstance(new, list)) or has_unknown(new):
            return
        before, after = ([json.dumps(lean(item), sort_keys=True) for item in side] for side in (old, new))
        gone = {index for index, item in enumerate(before) if item not in after}
        come = {index for index, item in enumerate(after) if item not in before}
        for path in [path for path in diff.detailed if top(path) == name]:
            del diff.detailed[path]
        diff.replaces = [path for path in diff.replaces if top(path) != name]
        for index in sorted(gone | come):
            path = f"{name}[{index}]"
            diff.detailed[path] = "update" if index in gone & come else "add" if index in come else "delete"
            if self.fields[name].replace:
                diff.replaces.append(path)
