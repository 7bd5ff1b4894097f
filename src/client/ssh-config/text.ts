// What a gateway says of its routes ends up in a file that OpenSSH obeys, so that nothing of it may
// become a line of its own, an option or a command, or reach a machine that is not behind this gateway:
//
// - hosts and ports are parsed and written anew: letters, digits, dots, hyphens, underscores, colons;
// - only hosts of this gateway are written (`domains.ts`), and never a pattern;
// - a route's name becomes a `Host` with `--names` alone, and only as one plain word: that may be a machine
//   of the person's own already, and a name with a dot could be anybody's;
// - a route may name another gateway to ask, and none but the one that was asked gets a credential;
// - a description becomes a comment, without control characters.

import { isIP } from 'node:net'
import type { GatewayAddress } from '../../reach/destination.ts'
import { sshPort, type Entry } from './entries.ts'
import { sshCommandWord, sshProgramWord } from './words.ts'

export interface SshConfigOptions {
  /** The program as it is started, by absolute paths: those of windows and editors have no PATH of a shell. */
  readonly program: readonly string[]
  /** The gateway that listed the routes. */
  readonly gateway: GatewayAddress
  readonly entries: readonly Entry[]
  /** Whether the routes' names are written beside their hosts. */
  readonly withNames: boolean
  /** Written as `User`; nothing where undefined. */
  readonly user: string | undefined
  /** Further options of `postern tcp`, one word each, such as `--ca-file` and its path. */
  readonly tcpOptions: readonly string[]
  /**
   * Those by which it finds a credential, for the gateway that listed the routes alone: another one that
   * a route names would be sent it.
   */
  readonly credentialOptions: readonly string[]
  /** What else this was asked with, so that the file says how it is made again. */
  readonly otherOptions: readonly string[]
}

/** The file's text. */
export interface SshConfigText {
  readonly text: string
  /** How many `Host` blocks there are. */
  readonly hosts: number
  /** Names that were not written since nobody asked for them. */
  readonly names: readonly string[]
}

/** Writes a `Host` block for each destination. */
export function formatSshConfig(options: SshConfigOptions): SshConfigText {
  const taken = new Set<string>()
  const blocks = options.entries.flatMap((entry) => formatEntry(entry, taken, options))
  const names = options.entries.map(({ alias }) => alias).filter((alias) => alias !== '')
  return {
    text: [headerFor(options), ...blocks].join('\n'),
    hosts: blocks.length,
    names: options.withNames ? [] : [...new Set(names)],
  }
}

function formatEntry(
  { host, port, gateway, alias, description }: Entry,
  taken: Set<string>,
  { program, gateway: listedBy, withNames, user, tcpOptions, credentialOptions }: SshConfigOptions,
): string[] {
  const wanted = withNames && alias !== '' ? [alias, host] : [host]
  const names = wanted.filter((name) => !taken.has(name.toLowerCase()))
  if (names.length === 0) return []
  for (const name of names) taken.add(name.toLowerCase())
  const asked = host.includes(':') ? '[%h]:%p' : '%h:%p'
  const credential = gateway.origin === listedBy.origin ? credentialOptions : []
  const options = ['--gateway', gateway.origin, ...tcpOptions, ...credential, '--listen', '-']
  const words = ['tcp', ...options].map(sshCommandWord)
  const proxy = [...program.map((word) => sshProgramWord(word)), ...words].join(' ')
  const lines = [
    ...(description === '' ? [] : [`# ${description}`]),
    `Host ${names.flatMap(spellingsOf).join(' ')}`,
    `    HostName ${host}`,
    ...(port === undefined ? [] : [`    Port ${port}`]),
    `    HostKeyAlias ${hostKeyName(host, port)}`,
    ...(user === undefined ? [] : [`    User ${user}`]),
    `    ProxyCommand ${proxy} ${asked}`,
    '',
  ]
  return [lines.join('\n')]
}

/** OpenSSH compares letters: `ssh host.` asks for the same machine, by its whole name. */
function spellingsOf(name: string): string[] {
  return name.includes('.') && isIP(name) === 0 ? [name, `${name}.`] : [name]
}

/** As OpenSSH writes it into `known_hosts` by itself. */
function hostKeyName(host: string, port: number | undefined): string {
  return port === undefined || port === sshPort ? host : `[${host}]:${port}`
}

/** For a person who types it. */
function quoteForShell(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

/** Says by which command the file is made again, the options it was asked with included. */
function headerFor(options: SshConfigOptions): string {
  const { gateway, user, tcpOptions, credentialOptions, otherOptions } = options
  const { origin, host } = gateway
  const words = [
    ...otherOptions,
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
