#!/bin/sh
set -e

if [ -d /run/systemd/system ]; then systemctl daemon-reload || true; fi

# Sessions, keys and audit entries, and secrets beside the configuration: a removal keeps all of them.
if [ "$1" = purge ]; then
  rm -rf /var/lib/postern /etc/postern
  if getent passwd postern >/dev/null; then
    if command -v userdel >/dev/null; then userdel postern; else deluser --quiet --system postern; fi
  fi
  if getent group postern >/dev/null; then
    if command -v groupdel >/dev/null; then groupdel postern; else delgroup --quiet --system postern; fi
  fi
fi
