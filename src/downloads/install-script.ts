import { quote } from '../shell.ts'
import type { OfferedExecutable } from './downloads.ts'

/** What an install script is for. */
export interface InstallPlan {
  /** Origin of the gateway. */
  readonly gateway: string
  /** Where its files are, an address that ends with a slash. */
  readonly filesUrl: string
  readonly executables: readonly OfferedExecutable[]
}

/**
 * A script for a POSIX shell (dash, bash, BusyBox) that installs an executable for whoever runs it. All of it stands in
 * functions, and the last line, which is nothing without its brace, calls them: half a script does nothing.
 */
export function installScript({ gateway, filesUrl, executables }: InstallPlan): string {
  const files = executables
    .filter(({ system }) => !system.startsWith('windows-'))
    .map(
      ({ system, name, version, sha256, bytes }) =>
        `    ${system}) file=${quote(name)} version=${quote(version)} megabytes=${megabytesOf(bytes)} sha256=${sha256} ;;`,
    )
  return `#!/bin/sh
# Installs postern for whoever runs this. It needs no root, and asks nothing.
#
#   curl -fsSL ${gateway}/.postern/install.sh | sh
#
# Options, behind "sh -s --":
#   --dir DIRECTORY   where to, instead of ~/.local/bin
#   --ca-file FILE    the authority of the gateway's certificate, where this system does not know it
set -eu

gateway=${quote(gateway)}
files=${quote(filesUrl)}

choose_file() {
  case $1 in
${files.join('\n')}
    *) return 1 ;;
  esac
}
${body}
{ main "$@"; }
`
}

function megabytesOf(bytes: number): number {
  return Math.ceil(bytes / 1_000_000)
}

const body = String.raw`
main() {
  dir= ca_file=\${POSTERN_CA_FILE-}
  while [ $# -gt 0 ]; do
    case $1 in
      --dir) dir=\${2-}; [ -n "$dir" ] || fail '--dir needs a directory' ;;
      --ca-file) ca_file=\${2-}; [ -n "$ca_file" ] || fail '--ca-file needs a file' ;;
      *) fail "unknown option \"$1\"" 'there are --dir DIRECTORY and --ca-file FILE' ;;
    esac
    shift 2
  done
  if [ -z "$dir" ]; then
    [ -n "\${HOME-}" ] || fail 'there is no home directory' 'name a directory with --dir'
    dir=$HOME/.local/bin
  fi
  if [ -n "$ca_file" ] && [ ! -r "$ca_file" ]; then fail "cannot read \"$ca_file\""; fi
  find_system
  find_checksum_program
  work=$(mktemp -d) || fail 'no temporary directory can be made'
  trap 'rm -rf "$work"' EXIT
  trap 'exit 1' HUP INT TERM
  download
  unpack
  install_it
  say_next
}

fail() {
  echo "install: error: $1" >&2
  [ -z "\${2-}" ] || echo "  hint: $2" >&2
  exit 1
}

find_system() {
  case $(uname -s) in
    Linux) os=linux ;;
    Darwin) os=darwin ;;
    *) fail "this script knows Linux and macOS, not \"$(uname -s)\"" "see $gateway" ;;
  esac
  case $(uname -m) in
    x86_64 | amd64) cpu=x64 ;;
    aarch64 | arm64) cpu=arm64 ;;
    *) fail "there is no postern for the processor \"$(uname -m)\"" "see $gateway" ;;
  esac
  # A shell that Rosetta translates is told of a processor that is not there.
  if [ "$os-$cpu" = darwin-x64 ] && [ "$(sysctl -n sysctl.proc_translated 2>/dev/null)" = 1 ]; then
    cpu=arm64
  fi
  system=$os-$cpu
  if [ "$os" = linux ]; then
    case $(ldd --version 2>&1 || :) in *musl*) system=$system-musl ;; esac
  fi
  choose_file "$system" || fail "this gateway has no postern for \"$system\"" "see $gateway for what it has"
}

find_checksum_program() {
  for program in sha256sum shasum openssl; do
    if command -v "$program" >/dev/null 2>&1; then return; fi
  done
  fail 'nothing here can compute SHA-256' 'install sha256sum, shasum or openssl'
}

checksum() {
  case $program in
    sha256sum) sha256sum ;;
    shasum) shasum -a 256 ;;
    openssl) openssl dgst -sha256 -r ;;
  esac <"$1" | cut -c1-64
}

download() {
  echo "downloading postern $version for $system, $megabytes MB, from $gateway" >&2
  if command -v curl >/dev/null 2>&1; then
    set -- -fsSL --proto =https --retry 3
    if [ -n "$ca_file" ]; then set -- "$@" --cacert "$ca_file"; fi
    curl "$@" -o "$work/archive" "$files$file" || fail_download
  elif command -v wget >/dev/null 2>&1; then
    set -- -q
    if [ -n "$ca_file" ]; then set -- "$@" --ca-certificate="$ca_file"; fi
    wget "$@" -O "$work/archive" "$files$file" || fail_download
  else
    fail 'there is neither curl nor wget'
  fi
  found=$(checksum "$work/archive")
  [ "$found" = "$sha256" ] ||
    fail "the checksum of \"$file\" is another one: nothing was installed" "expected $sha256, found $found; try again, and tell whoever runs the gateway"
}

fail_download() {
  fail "cannot download \"$file\"" 'if the certificate is not trusted, name its authority with --ca-file FILE'
}

unpack() {
  mkdir "$work/unpacked"
  case $file in
    *.tar.gz) tar -xzf "$work/archive" -C "$work/unpacked" ;;
    *.zip) unzip -q "$work/archive" -d "$work/unpacked" ;;
  esac || fail "cannot unpack \"$file\""
  new=$(find "$work/unpacked" -type f -name postern | head -n 1)
  [ -n "$new" ] || fail "there is no postern in \"$file\""
}

install_it() {
  mkdir -p -- "$dir" && dir=$(CDPATH= cd -- "$dir" && pwd) ||
    fail "cannot make \"$dir\"" 'name another directory with --dir'
  # Else "mv" would move into it.
  [ ! -d "$dir/postern" ] || fail "\"$dir/postern\" is a directory" 'name another directory with --dir'
  # Beside its place first: a postern that runs keeps its file, and no other one ever sees half of it.
  next=$dir/.postern-$$
  trap 'rm -rf "$work" "$next"' EXIT
  { cp "$new" "$next" && chmod 755 "$next"; } || fail "cannot write to \"$dir\"" 'name another directory with --dir'
  "$next" --version >/dev/null 2>&1 </dev/null ||
    fail "the program for \"$system\" does not run here: nothing was installed" "try \"$next --version\" by hand after unpacking $files$file, and see $gateway for other systems"
  mv -f "$next" "$dir/postern" || fail "cannot write to \"$dir\""
  echo "installed postern $version: $dir/postern" >&2
}

say_next() {
  postern=postern
  case ":$PATH:" in
    *":$dir:"*)
      first=$(command -v postern || :)
      if [ "$first" != "$dir/postern" ]; then
        postern=$dir/postern
        echo "note: \"postern\" is another one, which comes first in PATH: $first" >&2
      fi
      ;;
    *)
      postern=$dir/postern
      echo "note: this directory is not in PATH; this line in ~/.profile, or ~/.zshrc on macOS, puts it there:" >&2
      echo "  export PATH=\"$dir:\$PATH\"" >&2
      ;;
  esac
  case $postern in *[!A-Za-z0-9_/.+-]*) postern="\"$postern\"" ;; esac
  echo "next:" >&2
  echo "  $postern login \${gateway#https://}\${ca_file:+ --ca-file \"$ca_file\"}" >&2
}
`.replaceAll('\\${', '${')
