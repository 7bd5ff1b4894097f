# A unit there goes before the package's: one that was installed by hand would start the program of then.
if [ -f /etc/systemd/system/postern-gateway.service ] && [ ! -L /etc/systemd/system/postern-gateway.service ]; then
  echo 'postern: /etc/systemd/system/postern-gateway.service hides the unit of the package: remove it' >&2
fi
