#!/bin/sh
set -e

if [ -d /run/systemd/system ]; then systemctl daemon-reload || true; fi

# Sessions, keys and audit entries, and secrets beside the configuration: a removal keeps all of them.
if [ "$1" = purge ]; then
  rm -rf /var/lib/postern /etc/postern
  # From 1000 on are people (Debian Policy 9.2.2): who was there before the package stays.
  if [ "$(id -u postern 2>/dev/null || echo 0)" -lt 1000 ]; then
    if getent passwd postern >/dev/null; then
      if command -v userdel >/dev/null; then userdel postern; else deluser --quiet --system postern; fi
    fi
    if getent group postern >/dev/null; then
      if command -v groupdel >/dev/null; then groupdel postern; else delgroup --quiet --system postern; fi
    fi
  fi
fi
