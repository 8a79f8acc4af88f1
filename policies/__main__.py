"""What `pulumi preview --policy-pack policies` runs."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pulumi_policy import PolicyPack

from policies.pack import policies

PolicyPack(name="mech", policies=policies())
