#!/bin/sh
# Makes the self-signed certificate of *.DOMAIN and DOMAIN, for VALID_DAYS. Run daily, it renews when fewer than
# RENEW_BEFORE_DAYS are left, or when the names are not the declared ones. Its files: CERTIFICATE, KEY.
set -eu
covered="DNS:*.$DOMAIN,DNS:$DOMAIN"
if [ -s "$KEY" ] &&
  openssl x509 -in "$CERTIFICATE" -noout -checkend $((RENEW_BEFORE_DAYS * 86400)) >/dev/null 2>&1 &&
  openssl x509 -in "$CERTIFICATE" -noout -ext subjectAltName | tr -d ' ' | grep -qxF "$covered" &&
  [ "$(openssl x509 -in "$CERTIFICATE" -noout -pubkey)" = "$(openssl pkey -in "$KEY" -pubout 2>/dev/null)" ]; then
  chown root:root "$KEY"
  chmod 600 "$KEY"
  echo unchanged
  exit 0
fi
umask 077
openssl req -x509 -nodes -days "$VALID_DAYS" -newkey rsa:2048 -keyout "$KEY.new" -out "$CERTIFICATE.new" \
  -subj "/C=US/ST=State/L=City/O=Organization/CN=*.$DOMAIN" -addext "subjectAltName=$covered" 2>/dev/null
chmod 644 "$CERTIFICATE.new"
mv -f "$KEY.new" "$KEY"
mv -f "$CERTIFICATE.new" "$CERTIFICATE"
if systemctl is-active --quiet nginx && nginx -t 2>/dev/null; then systemctl reload nginx; fi
echo renewed
