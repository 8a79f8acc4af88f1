#!/bin/sh
# The Vultr plugin's stand-in as if it were the official one: no address but its own. PYTHONPATH is the clone.
set -eu
unset MECH_VULTR_URL
export PYTHONPATH
exec "$PYTHONPATH/.venv/bin/python" -P -m sandbox.providers.vultr "$@"
