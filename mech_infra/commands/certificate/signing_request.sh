#!/bin/sh
# Prints a signing request for *.DOMAIN and DOMAIN with the host's own key, which is made if it is not there.
# Arguments: DOMAIN, KEY.
set -eu
domain=$1 key=$2
install -d -m 755 "$(dirname "$key")"
umask 077
if [ -e "$key" ]; then
  chown root:root "$key"
  chmod 600 "$key"
fi
[ -s "$key" ] || openssl genrsa -out "$key" 2048 2>/dev/null
openssl req -new -key "$key" -subj "/O=Mech/CN=*.$domain" -addext "subjectAltName=DNS:*.$domain,DNS:$domain"
