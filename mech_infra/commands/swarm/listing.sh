#!/bin/sh
# Nodes as the manager has them.

# known: a line each, `ID NAME ROLE AVAILABILITY STATE`; one whose joining ended half-way has no name, and stands as `-`.
known() {
  # shellcheck disable=SC2046 # an id a word
  docker node inspect -f '{{.ID}} {{or .Description.Hostname "-"}} {{.Spec.Role}} {{.Spec.Availability}} {{.Status.State}}' $(docker node ls -q)
}

# forget ID: a node that goes, or went; a manager is one no more before.
forget() {
  docker node demote "$1" >/dev/null 2>&1 || true
  docker node rm --force "$1" >/dev/null
}

# id_of NAME: of the one that is ready.
id_of() { known | awk -v name="$1" '$2 == name && $5 == "ready" { print $1; exit }'; }
