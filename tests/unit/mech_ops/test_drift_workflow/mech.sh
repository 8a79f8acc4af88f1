#!/bin/sh
# A `mech` that reports a drift, and ends with $EXIT.
echo '### Drift: report'
echo 'error: no answer' >&2
exit "$EXIT"
