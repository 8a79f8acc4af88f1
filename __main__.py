"""The Mech platform. `mech_infra/platform.py` is its table of contents; each component has a module of its own."""

import gc

# Before the imports: collecting while the providers' SDKs load takes 0.6 s of every preview, and a run ends soon.
gc.disable()

from mech_infra.platform import declare, stack_config

declare(stack_config())
