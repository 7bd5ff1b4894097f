#!/bin/sh
# Installs, from Debian's packages, the programs that the tests with real peers and the benchmark run:
# OpenSSH, Redis, PostgreSQL, MariaDB, nginx, HAProxy, Squid, BIND, systemd, Chromium, git, rsync, xrdp, FreeRDP, Samba, curl, Wget,
# OpenSSL, Java with the drivers of JDBC, Prometheus' promtool, rsyslog with TLS, a D-Bus daemon, checkers of desktop entries, RPM and readers of container
# images, what makes a slow line and a firewall between network namespaces, shells that are told what to complete, readers of
# manual pages, QEMU for executables of other processors, and what tells a program another time.
# Tests start their own private copies, so the packages' services are neither left running nor enabled.
# Services of packages that were there before are not touched. Quick and silent about what is already
# installed.
set -eu

packages='
  openssh-server openssh-client sshpass
  redis-server redis-tools
  postgresql postgresql-client
  mariadb-server mariadb-client
  default-jdk-headless libpostgresql-jdbc-java libmariadb-java
  nginx libnginx-mod-stream
  haproxy
  squid
  bind9 bind9-dnsutils
  systemd
  chromium chromium-headless-shell
  git rsync
  bsdutils
  xrdp xorgxrdp xauth freerdp2-x11 xvfb x11-utils procps
  samba smbclient
  curl wget openssl socat
  iproute2 nftables python3
  prometheus rsyslog rsyslog-gnutls
  dbus desktop-file-utils libglib2.0-bin
  rpm skopeo umoci
  bash zsh fish man-db groff mandoc
  qemu-user libc6-arm64-cross util-linux
  libfaketime
'

# package:unit, for the packages that bring a service.
services='
  openssh-server:ssh redis-server:redis-server postgresql:postgresql
  mariadb-server:mariadb nginx:nginx haproxy:haproxy squid:squid bind9:named
  rsync:rsync samba:smbd samba:nmbd samba:samba-ad-dc xrdp:xrdp xrdp:xrdp-sesman nftables:nftables
  prometheus:prometheus rsyslog:rsyslog
'

policy=/usr/sbin/policy-rc.d

say() { printf 'install-peers: %s\n' "$1" >&2; }

fail() {
  say "error: $1"
  exit 1
}

is_installed() {
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

apt_install() {
  # shellcheck disable=SC2086 # a list of package names
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install --yes --quiet --no-install-recommends $missing
}

# Packages ask policy-rc.d before they start a service; 101 means no.
# https://people.debian.org/~hmh/invokerc.d-policyrc.d-specification.txt
forbid_starting() {
  [ -e "$policy" ] && return
  trap allow_starting EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
  as_root chmod 0755 "$policy"
}

allow_starting() { as_root rm -f "$policy"; }

disable_new_services() {
  command -v systemctl >/dev/null || return 0
  now=
  [ -d /run/systemd/system ] && now=--now
  for service in $services; do
    case " $missing " in
      *" ${service%%:*} "*) as_root systemctl disable --quiet $now "${service#*:}" ;;
    esac
  done
}

command -v dpkg-query >/dev/null && command -v apt-get >/dev/null ||
  fail "this machine has no apt-get; install these with its own package manager: $(echo $packages)"

missing=
for package in $packages; do
  is_installed "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

[ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null ||
  fail "installing needs root: run as root, or install sudo (missing:$missing)"

say "installing$missing"
forbid_starting
if ! apt_install; then
  say 'refreshing the package lists, then trying again'
  as_root apt-get update --quiet
  apt_install || fail "apt-get could not install:$missing"
fi
disable_new_services
