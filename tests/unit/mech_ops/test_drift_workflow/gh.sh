#!/bin/sh
# A `gh` that notes what it is asked, and lists the issue $OPEN.
echo "$@" >>asked
if [ "$2" = list ]; then
  echo "$OPEN"
fi
