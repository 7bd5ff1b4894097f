if [ -d /run/systemd/system ]; then
  systemctl daemon-reload || :
  # Of an upgrade.
  if [ "$1" -ge 1 ]; then
@restart@
  fi
fi
