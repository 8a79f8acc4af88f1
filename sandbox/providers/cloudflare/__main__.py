"""`python -m sandbox.providers.cloudflare`: what the launcher `pulumi-resource-cloudflare` runs."""

from sandbox.providers.cloudflare.provider import main

main()
