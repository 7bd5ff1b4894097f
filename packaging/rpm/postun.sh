if [ -d /run/systemd/system ]; then
  systemctl daemon-reload || :
  # Of an upgrade: one that runs goes on as what has been installed now.
  if [ "$1" -ge 1 ]; then
    systemctl try-restart postern-gateway.service ||
      echo 'postern: the gateway did not start again: see "journalctl -u postern-gateway"' >&2
  fi
fi
