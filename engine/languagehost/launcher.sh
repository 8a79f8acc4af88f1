#!/bin/sh
# Written by `python3 -m engine`. Any environment with the pulumi package will do; the last set-up's, MECH_PYTHON, is
# the first choice. MECH_SERVER is the language host.
for python in "$VIRTUAL_ENV/bin/python" "$MECH_PYTHON"; do
  [ -x "$python" ] && exec "$python" -u "$MECH_SERVER" "$@"
done
echo "pulumi-language-python: $MECH_PYTHON is gone; run make up again" >&2
exit 1
