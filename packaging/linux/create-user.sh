# The user of the gateway, by whatever this system has for it.
if ! getent passwd postern >/dev/null; then
  if command -v systemd-sysusers >/dev/null; then
    systemd-sysusers /usr/lib/sysusers.d/postern.conf
  elif command -v useradd >/dev/null; then
    useradd --system --user-group --home-dir /var/lib/postern --no-create-home \
      --shell /usr/sbin/nologin --comment 'Postern gateway' postern
  else
    adduser --system --group --home /var/lib/postern --no-create-home \
      --shell /usr/sbin/nologin --gecos 'Postern gateway' postern
  fi
fi
install -d -o postern -g postern -m 0700 /var/lib/postern
[ -e /etc/postern/secrets ] || install -d -o root -g postern -m 0750 /etc/postern/secrets
