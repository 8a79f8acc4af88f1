"""The two clouds' HTTP APIs over one persistent store. See PARITY.cloud.md."""

from sandbox.cloud.cloudflare import cloudflare_app
from sandbox.cloud.store import Store
from sandbox.cloud.view import StoreView
from sandbox.cloud.vultr import vultr_app

__all__ = ["Store", "StoreView", "cloudflare_app", "vultr_app"]
