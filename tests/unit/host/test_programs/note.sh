#!/bin/sh
# A command that only notes in $ASKED how it was called.
echo "${0##*/} $*" >>"$ASKED"
