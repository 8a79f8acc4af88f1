"""Vultr's and Cloudflare's APIs over one persistent store, and the servers that answer for them."""
