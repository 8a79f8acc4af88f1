"""What `pulumi preview --policy-pack policies` runs."""

import gc
import sys
from pathlib import Path

gc.disable()  # a pack lives for one preview or update, and keeps what it was shown anyway
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pulumi_policy import PolicyPack

from policies.pack import policies

PolicyPack(name="mech", policies=policies())
