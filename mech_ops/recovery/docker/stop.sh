#!/bin/sh
# Stops Docker and all containers, databases gently; also a Docker that does not answer. Arguments: END_S.
. ./ending.sh
end_containers "$1"
timeout -k 1 15 systemctl stop docker.socket docker.service || kill_docker
