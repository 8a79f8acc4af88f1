#!/bin/sh
# systemctl, of an nginx that goes on with what it had where it cannot bind an address: a reload succeeds all the same.
case $1 in reload*)
  if grep -q 'listen 127.0.0.1:3008' /etc/nginx/conf.d/mech.conf && [ -e /etc/nginx/held ]; then
    echo 'bind() to 127.0.0.1:3008 failed [emerg]' >>/var/log/nginx/error.log
    rm -f /etc/nginx/read
  else
    # It lets go of what it held itself once its config does not name it.
    if ! grep -q 3008 /etc/nginx/conf.d/mech.conf && grep -qx nginx /etc/nginx/held; then rm /etc/nginx/held; fi
    touch /etc/nginx/read
  fi
  ;;
esac
