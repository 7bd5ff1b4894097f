import { accessSync, constants, globSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { test } from 'node:test'
import { runProgramSync } from '../../src/program.fixture.ts'
import { inScope, type Scope } from './scope.ts'

/** The real programs that tests run, by the name they are skipped under. */
export const peers = {
  OpenSSL: ['openssl'],
  curl: ['curl'],
  Wget: ['wget'],
  dash: ['dash'],
  Bash: ['bash'],
  socat: ['socat'],
  OpenSSH: ['ssh', 'scp', 'ssh-keygen', 'sshd'],
  Redis: ['redis-server', 'redis-cli'],
  PostgreSQL: ['initdb', 'postgres', 'psql'],
  MariaDB: ['mariadb-install-db', 'mariadbd', 'mariadb'],
  // The drivers are jars of packages of their own, which `program` cannot find; a run without them fails.
  Java: ['java', 'javac'],
  HAProxy: ['haproxy'],
  nginx: ['nginx'],
  Squid: ['squid'],
  BIND: ['named', 'dig'],
  // Built from its module.
  Pebble: ['go'],
  sshpass: ['sshpass'],
  systemd: ['systemd-analyze', 'systemctl', 'systemd-notify'],
  'systemd as first process': ['systemctl', 'journalctl', 'unshare', 'nsenter', 'setpriv'],
  Python: ['python3'],
  Chromium: ['chromium'],
  terminal: ['script', 'stty'],
  Git: ['git'],
  rsync: ['rsync'],
  xrdp: ['xrdp', 'xrdp-sesman', 'xmessage', 'unshare', 'nsenter', 'pgrep', 'useradd', 'chpasswd'],
  FreeRDP: ['xfreerdp'],
  Xvfb: ['Xvfb'],
  Samba: ['smbd', 'smbclient'],
  'network namespaces': ['unshare', 'nsenter', 'ip', 'python3'],
  nftables: ['nft'],
  promtool: ['promtool'],
  rsyslog: ['rsyslogd'],
  dpkg: ['dpkg', 'dpkg-deb'],
  RPM: ['rpm', 'rpmbuild'],
  skopeo: ['skopeo'],
  umoci: ['umoci', 'unshare'],
} as const

export type Peer = keyof typeof peers

/** What nobody but root can run. */
const rootsOwn: ReadonlySet<Peer> = new Set([
  'xrdp',
  'Samba',
  'network namespaces',
  'nftables',
  'systemd as first process',
  'umoci',
])

/** Longest run of a test, in milliseconds. */
const maxTestMs = 120_000
/** The same where hundreds of MiB go through a database, or into packages. */
export const maxBulkTestMs = 240_000

/**
 * A test with real programs. Where one is not installed the test is skipped by the program's name;
 * with `CI=true` it fails instead, so that no run in CI proves less than it seems to.
 */
export function peerTest(
  name: string,
  needed: readonly Peer[],
  run: (scope: Scope) => Promise<void>,
  timeout = maxTestMs,
): void {
  const missing = needed.flatMap(missingPeers)
  const why = `missing: ${missing.join(', ')}; run scripts/install-peers.sh`
  const isSkipped = missing.length > 0 && process.env['CI'] !== 'true'
  test(name, { skip: isSkipped && why, timeout }, async (t) => {
    if (missing.length > 0) throw new Error(why)
    await inScope(run, (text) => t.diagnostic(text))
  })
}

/** What a peer needs and is not here. */
export function missingPeers(peer: Peer): string[] {
  const programs = peers[peer].filter((name) => !find(name)).map((name) => `${peer} ("${name}")`)
  if (!rootsOwn.has(peer) || programs.length > 0) return programs
  if (process.getuid?.() !== 0) return [`root, whom ${peer} needs`]
  return canOpenNamespaces() ? [] : [`namespaces, which ${peer} needs`]
}

/** A container may have the programs, and not the rights. */
function canOpenNamespaces(): boolean {
  return (namespaces ??=
    runProgramSync(program('unshare'), ['--net', '--mount', '--pid', '--fork', 'true']).status ===
    0)
}

let namespaces: boolean | undefined

/** The absolute path of a program; throws when there is none. */
export function program(name: string): string {
  const path = find(name)
  if (path === undefined) throw new Error(`"${name}" is not installed`)
  return path
}

/** The same for the first of `names` that is installed. */
export function firstProgram(...names: readonly [string, ...string[]]): string {
  return program(names.find((name) => find(name) !== undefined) ?? names[0])
}

/** Besides PATH: where systems keep servers, which ordinary users have no need to find. */
function directories(): string[] {
  const newestPostgres = globSync('/usr/lib/postgresql/*/bin').sort(
    (a, b) => Number(b.split('/')[4]) - Number(a.split('/')[4]),
  )
  const path = (process.env['PATH'] ?? '').split(delimiter)
  return [
    ...path,
    '/usr/local/go/bin',
    '/usr/sbin',
    '/usr/local/sbin',
    '/sbin',
    ...newestPostgres,
  ].filter(Boolean)
}

function find(name: string): string | undefined {
  return directories()
    .map((directory) => join(directory, name))
    .find(isProgram)
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
