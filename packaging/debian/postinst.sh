#!/bin/sh
# https://www.debian.org/doc/debian-policy/ch-maintainerscripts.html
set -e

[ "$1" = configure ] || exit 0

@create-user@
@notice-older@
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload || true
  # One that runs goes on as what has been installed now; tunnels have its grace period to end.
  systemctl try-restart postern-gateway.service ||
    echo 'postern: the gateway did not start again: see "journalctl -u postern-gateway"' >&2
fi

if [ -z "$2" ]; then
@next-step@
fi
