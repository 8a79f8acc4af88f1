"""The whole SDK is imported first: plugins import only its protocol, under bare packages of the same name."""

import os

import hypothesis
import pulumi  # noqa: F401

# A shell that was activated after `make up` names the sandbox's clouds; these tests know of none.
for _name in ("MECH_VULTR_URL", "CLOUDFLARE_BASE_URL"):
    os.environ.pop(_name, None)

# A busy machine is slow, and not wrong; pytest's own limit still holds.
hypothesis.settings.register_profile("mech", deadline=None)
hypothesis.settings.load_profile("mech")
