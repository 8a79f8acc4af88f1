"""Stand-in for pulumi-command 1.2.1: commands and copies on this machine and over SSH."""
