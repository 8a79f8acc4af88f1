#!/bin/sh
# Has a swarm make each task of a service anew, in the order that the service declares, and waits. Arguments: NAME LIMIT_S
# Exit code 3: there is no such service; 4: the swarm does not answer; 5: the tasks are not well in time, or it went back.
name=$1 limit=$2
timeout -k 1 10 docker service inspect "$name" >/dev/null 2>&1 || {
  timeout -k 1 10 docker node ls >/dev/null 2>&1 || exit 4
  echo "$name is not there"
  exit 3
}
echo "$name: restarting"
said=$(timeout -k 1 "$limit" docker service update --force --quiet "$name" 2>&1 </dev/null)
code=$?
tasks=$(timeout -k 1 10 docker service ls --filter "name=$name" --format '{{.Name}} {{.Replicas}}' | sed -n "s/^$name //p")
if [ "$code" != 0 ]; then
  why=$(timeout -k 1 10 docker service ps --no-trunc --format '{{.Error}}' "$name" | sed '/^$/d' | head -n 1)
  case $code in 124 | 137) said="not through after $limit s" ;; *) said=$(echo "$said" | tail -n 1) ;; esac
  echo "$name: $said; $tasks tasks run${why:+; the swarm says: $why}"
  exit 5
fi
echo "$name: $tasks tasks run, each made anew"
