"""What the clouds refuse when they are told to: `refusals.json` in the state folder, read at each request.

  {"vultr": {"address": true, "acls": ["subscriptions_view"], "sold_out": ["vc2-4c-8gb"], "no_block_storage": ["ewr"]},
   "cloudflare": {"token": "expired", "scopes": ["#zone:read", "#dns_records:edit"], "zone": "pending"}}

`address`: the account's access control does not have the client's; `acls`, `scopes`: what the token may, in place of
all; `zone`: the status of every zone.
"""

from __future__ import annotations

import json

from sandbox.cloud.store import Json
from sandbox.settings import Settings


def read(settings: Settings, vendor: str) -> Json:
    """One vendor's part; {} without a file, or with one that is not right."""
    try:
        return dict(json.loads((settings.state / "refusals.json").read_text()).get(vendor) or {})
    except (OSError, ValueError, AttributeError, TypeError):
        return {}
