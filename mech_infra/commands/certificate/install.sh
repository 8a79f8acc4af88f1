#!/bin/sh
# Puts the certificate of stdin in place, after checking that it belongs to the host's key. Arguments: CERTIFICATE, KEY.
set -eu
certificate=$1 key=$2
cat >"$certificate.new"
if [ "$(openssl x509 -in "$certificate.new" -noout -pubkey)" != "$(openssl pkey -in "$key" -pubout)" ]; then
  echo "the certificate does not belong to $key; run: pulumi up --replace on the signing request" >&2
  exit 1
fi
chmod 644 "$certificate.new"
if cmp -s "$certificate.new" "$certificate"; then same=yes; else same=no; fi
mv -f "$certificate.new" "$certificate"
if [ "$same" = no ] && systemctl is-active --quiet nginx && nginx -t 2>/dev/null; then systemctl reload nginx; fi
echo installed
