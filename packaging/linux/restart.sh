# One that runs goes on as what has been installed now, with its grace period for tunnels to end: but only where the new
# program finds its configuration good, as its user and in its environment. Else it would end, and not come back.
if systemctl is-active --quiet postern-gateway.service; then
  pid=$(systemctl show --property=MainPID --value postern-gateway.service)
  user=$(systemctl show --property=User --value postern-gateway.service)
  config=$(tr '\0' '\n' <"/proc/$pid/cmdline" | sed -n '/^\(-c\|--config\)$/{n;p;q;}')
  # What the process says of itself is taken by nobody but its own user.
  if said=$(user=${user:-root} config=${config:-/etc/postern/postern.yaml} timeout 60 xargs -0 sh -c \
    'exec runuser -u "$user" -- env -i "$@" /usr/bin/postern gateway check -c "$config"' sh <"/proc/$pid/environ" 2>&1); then
    systemctl try-restart postern-gateway.service ||
      echo 'postern: the gateway did not start again: see "journalctl -u postern-gateway"' >&2
  else
    printf '%s\n' "$said" | LC_ALL=C tr -cd '\11\12\40-\176' | head -c 4000 >&2
    echo 'postern: the gateway goes on as the version before, since the new one does not take its configuration:' >&2
    echo 'postern: mend it, and then: systemctl restart postern-gateway' >&2
  fi
fi
