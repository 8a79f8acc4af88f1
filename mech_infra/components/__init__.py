"""One Pulumi component a module. `mech_infra.platform` puts them together."""
