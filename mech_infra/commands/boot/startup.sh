#!/bin/sh
# Vultr's start-up script, once in a host's life: begins mech-boot, which is there with its unit and goes on until it is through.
set -eu
systemctl daemon-reload
systemctl enable -q mech-boot.service
systemctl start --no-block mech-boot.service
