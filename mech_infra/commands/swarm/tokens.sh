#!/bin/sh
# Prints what a worker joins with, what a manager joins with, and the ids of all nodes that are known, a line each.
set -eu
docker swarm join-token -q worker
docker swarm join-token -q manager
docker node ls -q | tr '\n' ' '
