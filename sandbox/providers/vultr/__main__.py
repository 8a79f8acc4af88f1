"""`python -m sandbox.providers.vultr`: what the launcher `pulumi-resource-vultr` runs."""

from sandbox.providers.vultr.provider import main

main()
