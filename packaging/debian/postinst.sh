#!/bin/sh
# https://www.debian.org/doc/debian-policy/ch-maintainerscripts.html
set -e

[ "$1" = configure ] || exit 0

@create-user@
@notice-older@
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload || true
@restart@
fi

if [ -z "$2" ]; then
@next-step@
fi
