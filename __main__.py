"""The Mech platform. `mech_infra/platform.py` is its table of contents; each component has a module of its own."""

from mech_infra.platform import declare, stack_config

declare(stack_config())
