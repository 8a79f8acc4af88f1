#!/bin/sh
# Kills a Docker that does not answer, after its containers were asked to end. Arguments: END_S.
. ./ending.sh
end_containers "$1"
kill_docker
