#!/bin/sh
# Prints what is ours by its label: `container ID NAME` and `network ID NAME` lines. A swarm's tasks are the swarm's.
# Arguments: LABEL.
timeout -k 1 30 docker ps -a --no-trunc --filter label="$1" \
  --format '{{if not (.Label "com.docker.swarm.task.id")}}container {{.ID}} {{.Names}}{{end}}'
timeout -k 1 30 docker network ls --no-trunc --filter label="$1" --format 'network {{.ID}} {{.Name}}'
