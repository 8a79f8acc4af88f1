"""One Pulumi component a module. `mech_infra.platform` puts them together."""

from mech_infra.lean import lean

lean("pulumi_cloudflare")
