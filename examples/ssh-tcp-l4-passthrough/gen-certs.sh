#!/bin/sh
# Makes a demo certificate authority (CA), and a certificate of it for the example's gateway:
#
#   ./gen-certs.sh [DIRECTORY]        default: certs/ beside this script
#
# writes ca.crt (what the client trusts), postern.crt and postern.key. The CA's own key is deleted at
# once: nobody can make another certificate that somebody who trusts ca.crt would believe. What is
# there and still good for a day is left as it is.
set -eu
umask 077

name=ssh.demo.example.com
directory=${1:-$(dirname "$0")/certs}
days=30

say() { printf 'gen-certs: %s\n' "$1" >&2; }

is_good() {
  [ -s "$directory/postern.key" ] || return 1
  openssl verify -CAfile "$directory/ca.crt" -purpose sslserver -verify_hostname "$name" \
    "$directory/postern.crt" && openssl x509 -in "$directory/postern.crt" -checkend 86400
}

command -v openssl >/dev/null || {
  say 'error: openssl is not installed'
  exit 1
}
mkdir -p "$directory"
if is_good >/dev/null 2>&1; then
  say "$directory: a certificate for $name is there, and good; nothing to do"
  exit 0
fi

work=$(mktemp -d "$directory/new.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

cat >"$work/openssl.cnf" <<END
[req]
distinguished_name = subject
prompt = no
[subject]
CN = Postern demo CA
[ca]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:$name, DNS:localhost, IP:127.0.0.1
authorityKeyIdentifier = keyid
END

quietly() {
  "$@" 2>"$work/openssl.log" || {
    cat "$work/openssl.log" >&2
    say "error: openssl failed"
    exit 1
  }
}

for key in ca postern; do
  quietly openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/$key.key"
done
quietly openssl req -x509 -new -config "$work/openssl.cnf" -extensions ca -days "$days" \
  -key "$work/ca.key" -out "$work/ca.crt"
quietly openssl req -new -config "$work/openssl.cnf" -subj "/CN=$name" \
  -key "$work/postern.key" -out "$work/postern.csr"
quietly openssl x509 -req -in "$work/postern.csr" -days "$days" -CA "$work/ca.crt" \
  -CAkey "$work/ca.key" -set_serial "0x$(openssl rand -hex 16)" \
  -extfile "$work/openssl.cnf" -extensions server -out "$work/postern.crt"
rm -f "$work/ca.key"

chmod 0644 "$work/ca.crt" "$work/postern.crt"
for file in ca.crt postern.crt postern.key; do mv -f "$work/$file" "$directory/$file"; done
say "$directory: made ca.crt, and postern.crt with its key for $name, good for $days days"
say 'the key of the CA is deleted; to trust another certificate, run this again after removing these'
