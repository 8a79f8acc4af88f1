"""Stand-in for the Cloudflare provider plugin (pulumi-cloudflare 6.23.1), for machines where it cannot be had."""
