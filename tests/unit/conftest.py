"""The whole SDK is imported first: plugins import only its protocol, under bare packages of the same name."""

import hypothesis
import pulumi  # noqa: F401

# A busy machine is slow, and not wrong; pytest's own limit still holds.
hypothesis.settings.register_profile("mech", deadline=None)
hypothesis.settings.load_profile("mech")
