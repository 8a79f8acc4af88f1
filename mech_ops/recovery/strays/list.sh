#!/bin/sh
# Prints what is ours by its label: `container ID NAME` and `network ID NAME` lines. Arguments: LABEL.
timeout -k 1 30 docker ps -a --no-trunc --filter label="$1" --format 'container {{.ID}} {{.Names}}'
timeout -k 1 30 docker network ls --no-trunc --filter label="$1" --format 'network {{.ID}} {{.Name}}'
