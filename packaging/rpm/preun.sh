if [ "$1" = 0 ]; then
  if [ -d /run/systemd/system ]; then
    systemctl disable --now --quiet postern-gateway.service || :
  elif command -v systemctl >/dev/null; then
    systemctl disable --quiet postern-gateway.service || :
  fi
fi
