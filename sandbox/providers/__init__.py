"""Stand-ins for Pulumi provider plugins, used only where the official plugin cannot be had."""
