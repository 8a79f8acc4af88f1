"""What local and remote commands share: when they run, what is secret, what a preview knows."""

from __future__ import annotations

import secrets
from typing import Any

from sandbox.providers.contract import CheckFailure, Context, Diff, Resource, diff_values
from sandbox.providers.values import UNKNOWN, Unknown, same

from .output import check_logging

Values = dict[str, Any]
# Lists that the official Check leaves out while they are unknown as a whole; recorded of `interpreter`, 20-up-by-ssh.
_LISTS = frozenset({"interpreter", "assetPaths", "archivePaths"})


def new_id(prefix: str = "") -> str:
    """8 random hex digits behind the resource's name, as the official ids are."""
    return prefix + secrets.token_hex(4)


class CommandBase(Resource):
    """Runs `create`, `update` or `create`, and `delete`.

    That a change of `triggers` replaces is not said here: the SDK's class says it (replace_on_changes). And stdout and
    stderr are plain, whatever the inputs were: the official plugin marks an output only where an input of its name is.
    """

    results: tuple[str, ...] = ("stdout", "stderr")

    def run(self, ctx: Context, command: str, inputs: Values, last: Values, timeout: float) -> Values:
        """Run and return the result properties. Raises ProviderError when the command fails.

        `timeout`: the resource's customTimeouts, seconds; 0 for none.
        """
        raise NotImplementedError

    def check(self, ctx: Context, olds: Values, news: Values) -> tuple[Values, list[CheckFailure]]:
        known = {key: item for key, item in news.items() if key not in _LISTS or not isinstance(item, Unknown)}
        return known, check_logging(news.get("logging"))

    def diff(self, ctx: Context, id: str, old_inputs: Values, old_outputs: Values, news: Values) -> Diff:
        return diff_values(old_inputs, news, self.replace_on)

    def create(self, ctx: Context, inputs: Values, timeout: float) -> tuple[str, Values]:
        results: Values = {"stdout": "", "stderr": ""}
        if inputs.get("create") is not None:
            results = self.run(ctx, inputs["create"], inputs, {}, timeout)
        return new_id(ctx.name), {**inputs, **results}

    def preview(self, ctx: Context, inputs: Values) -> Values:
        return {**inputs, **dict.fromkeys(self.results, UNKNOWN)}

    def preview_id(self, ctx: Context) -> str:
        return new_id(ctx.name)  # another one than the real: known, and of no use

    def preview_update(self, ctx: Context, id: str, old_outputs: Values, inputs: Values) -> Values:
        # What runs at the end changes nothing of what the command says.
        keys = (set(old_outputs) | set(inputs)) - set(self.results) - {"assets", "archive", "delete"}
        changed = any(not same(old_outputs.get(key), inputs.get(key)) for key in keys)
        kept = {key: UNKNOWN if changed else old_outputs[key] for key in self.results if changed or key in old_outputs}
        return {**inputs, **kept}

    def update(self, ctx: Context, id: str, old_outputs: Values, inputs: Values, timeout: float) -> Values:
        command = inputs.get("update")
        if command is None:
            command = inputs.get("create")
        results = {key: old_outputs[key] for key in (*self.results, "assets", "archive") if key in old_outputs}
        if command is not None:
            results = self.run(ctx, command, inputs, old_outputs, timeout)
        return {**inputs, **results}

    def delete(self, ctx: Context, id: str, outputs: Values, timeout: float) -> None:
        if outputs.get("delete") is not None:
            self.run(ctx, outputs["delete"], outputs, outputs, timeout)


def previous_output(inputs: Values, last: Values) -> dict[str, str]:
    """PULUMI_COMMAND_STDOUT and _STDERR for the next run, unless addPreviousOutputInEnv is false."""
    if inputs.get("addPreviousOutputInEnv") is False:
        return {}
    named = {"PULUMI_COMMAND_STDOUT": last.get("stdout"), "PULUMI_COMMAND_STDERR": last.get("stderr")}
    return {name: value for name, value in named.items() if value}
