"""Stand-ins for what cannot be had without an account: Vultr, Cloudflare, its edge, registries, provider plugins."""
