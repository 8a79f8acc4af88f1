#!/bin/sh
# Prints what is ours by its label: lines `KIND ID NAME`; services and secrets where this host manages a swarm. A swarm's tasks
# are its services'. Arguments: LABEL.
if [ "$(timeout -k 1 30 docker info -f '{{.Swarm.ControlAvailable}}')" = true ]; then
  for id in $(timeout -k 1 30 docker service ls -q --filter label="$1"); do
    timeout -k 1 30 docker service inspect -f 'service {{.ID}} {{.Spec.Name}}' "$id"
  done
  timeout -k 1 30 docker secret ls --filter label="$1" --format 'secret {{.ID}} {{.Name}}'
fi
timeout -k 1 30 docker ps -a --no-trunc --filter label="$1" \
  --format '{{if not (.Label "com.docker.swarm.task.id")}}container {{.ID}} {{.Names}}{{end}}'
timeout -k 1 30 docker network ls --no-trunc --filter label="$1" --format 'network {{.ID}} {{.Name}}'
