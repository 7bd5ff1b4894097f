#!/bin/sh
set -e

[ "$1" = remove ] || exit 0

if [ -d /run/systemd/system ]; then
  systemctl disable --now --quiet postern-gateway.service || true
elif command -v systemctl >/dev/null; then
  systemctl disable --quiet postern-gateway.service || true
fi
