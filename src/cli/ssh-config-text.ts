// What a gateway says of its routes ends up in a file that OpenSSH obeys, so that nothing of it may
// become a line of its own, an option or a command:
//
// - hosts and ports are parsed and written anew: letters, digits, dots, hyphens, underscores, colons;
// - a name becomes a `Host` only when it is one plain word without a dot: one with a dot could stand for
//   somebody else's machine, such as "github.com";
// - a route may name another gateway to ask, and none but the one that was asked gets a credential;
// - a pattern needs a domain behind its star: `Host *` would send every other connection here as well;
// - a description becomes a comment, without control characters.

import type { GatewayAddress } from '../client/destination.ts'
import { parseRouteFrom, type RouteTarget } from '../client/route-target.ts'
import type { ListedRoute } from '../client/routes-answer.ts'

export interface SshConfigOptions {
  /** The gateway that listed the routes. */
  readonly gateway: GatewayAddress
  readonly routes: readonly ListedRoute[]
  /** Whether routes of other ports than 22 are written, too. */
  readonly isEveryPort: boolean
  /** Written as `User`; nothing where undefined. */
  readonly user: string | undefined
  /** Further options of `postern tcp`, one word each, such as `--ca-file` and its path. */
  readonly tcpOptions: readonly string[]
  /**
   * Those by which it finds a credential, for the gateway that listed the routes alone: another one that
   * a route names would be sent it.
   */
  readonly credentialOptions: readonly string[]
}

/** The file's text, and the patterns that were left out since they would match too much. */
export interface SshConfigText {
  readonly text: string
  /** How many `Host` blocks there are. */
  readonly hosts: number
  readonly skipped: readonly string[]
}

interface Entry extends RouteTarget {
  readonly name: string
  readonly description: string
}

const sshPort = 22

/** Writes a `Host` block for each destination; narrow ones first, since OpenSSH keeps what it reads first. */
export function formatSshConfig(options: SshConfigOptions): SshConfigText {
  const entries = options.routes
    .flatMap((route) => entriesOf(route, options))
    .toSorted((a, b) => rankOf(a) - rankOf(b))
  const [usable, skipped] = [true, false].map((wanted) =>
    entries.filter((entry) => isNarrow(entry) === wanted),
  )
  const taken = new Set<string>()
  const blocks = (usable ?? []).flatMap((entry) => formatEntry(entry, taken, options))
  return {
    text: [headerFor(options), ...blocks].join('\n'),
    hosts: blocks.length,
    skipped: (skipped ?? []).map(({ host }) => host),
  }
}

function entriesOf(route: ListedRoute, { gateway, isEveryPort }: SshConfigOptions): Entry[] {
  const targets = route.type === 'tcp' ? (parseRouteFrom(route.from, gateway) ?? []) : []
  const { name, description } = route
  return targets
    .filter(({ port }) => isEveryPort || port === sshPort)
    .map((target) => ({ ...target, name, description }))
}

/** SSH's own port keeps the host's name; patterns come last. */
function rankOf({ host, port }: Entry): number {
  return (host.includes('*') ? 2 : 0) + (port === sshPort ? 0 : 1)
}

function isNarrow({ host }: Entry): boolean {
  return !host.includes('*') || /\*\.[^*]*[a-z0-9]$/.test(host)
}

function formatEntry(
  entry: Entry,
  taken: Set<string>,
  { gateway: listedBy, user, tcpOptions, credentialOptions }: SshConfigOptions,
): string[] {
  const { host, port, gateway, description } = entry
  const names = [...aliasesOf(entry), host].filter((name) => !taken.has(name.toLowerCase()))
  if (names.length === 0) return []
  for (const name of names) taken.add(name.toLowerCase())
  const isPattern = host.includes('*')
  const asked = host.includes(':') ? '[%h]:%p' : '%h:%p'
  const credential = gateway.origin === listedBy.origin ? credentialOptions : []
  const options = ['--gateway', gateway.origin, ...tcpOptions, ...credential, '--listen', '-']
  const proxy = ['postern', 'tcp', ...options]
  const lines = [
    ...(description === '' ? [] : [`# ${description}`]),
    `Host ${names.join(' ')}`,
    // What stands for the star is known only when it is typed.
    ...(isPattern ? [] : [`    HostName ${host}`]),
    ...(port === undefined ? [] : [`    Port ${port}`]),
    ...(isPattern ? [] : [`    HostKeyAlias ${hostKeyName(host, port)}`]),
    ...(user === undefined ? [] : [`    User ${user}`]),
    `    ProxyCommand ${proxy.map(quoteForProxyCommand).join(' ')} ${asked}`,
    '',
  ]
  return [lines.join('\n')]
}

function aliasesOf({ name, host }: Entry): string[] {
  const isAlias = /^[a-z0-9_][a-z0-9_-]{0,62}$/i.test(name) && !host.includes('*')
  return isAlias && name.toLowerCase() !== host ? [name] : []
}

/** As OpenSSH writes it into `known_hosts` by itself. */
function hostKeyName(host: string, port: number | undefined): string {
  return port === undefined || port === sshPort ? host : `[${host}]:${port}`
}

/** OpenSSH replaces what follows a `%`, and gives the rest to a shell. */
function quoteForProxyCommand(word: string): string {
  return quoteForShell(word.replaceAll('%', '%%'))
}

function quoteForShell(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

/** Says by which command the file is made again, the options it was asked with included. */
function headerFor(options: SshConfigOptions): string {
  const { gateway, isEveryPort, user, tcpOptions, credentialOptions } = options
  const { origin, host } = gateway
  const words = [
    ...(isEveryPort ? ['--all'] : []),
    ...(user === undefined ? [] : ['--user', user]),
    ...tcpOptions,
    ...credentialOptions,
  ]
  const command = ['postern', 'ssh-config', origin, ...words].map(quoteForShell).join(' ')
  const file = `postern-${host.replaceAll(':', '-')}`
  return `# SSH through ${origin}: the routes you may use, as "postern ssh-config" found them.
# Keep this in a file of its own, and include that at the top of ~/.ssh/config:
#
#     ${command} > ~/.ssh/${file}
#     Include ${file}
`
}
