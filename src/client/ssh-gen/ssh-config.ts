import type { Destination } from '../../reach/destination.ts'
import { sshCommandWord, sshConfigPath, sshProgramWord } from '../ssh-config/words.ts'
import type { KeyFiles } from './key-files.ts'

export interface ApplicationSshConfig {
  /** The program as it is started, by absolute paths. */
  readonly program: readonly string[]
  readonly destination: Destination
  /** Whether the gateway is another host than the application, and is named. */
  readonly isGatewayNamed: boolean
  /** Further options of `postern access`, one word each, such as `--ca-file` and its path. */
  readonly options: readonly string[]
  readonly user: string | undefined
  /** The files of short-lived certificates; undefined: with whatever keys the person has. */
  readonly files: KeyFiles | undefined
}

/**
 * The lines for `~/.ssh/config` by which `ssh HOST` reaches an application. OpenSSH reads the certificate when
 * it starts, before its ProxyCommand has done anything, so that a `Match` gets it; without one (nobody signed
 * in, the gateway away) the `Host` block holds all the same. Each command is its words: `ssh` hands them to
 * the person's shell, which finds nothing of its own there.
 */
export function formatApplicationSshConfig(config: ApplicationSshConfig): string {
  const { destination, files, user } = config
  const host = hostOf(destination)
  const lines = [
    `Host ${host}`,
    ...(user === undefined ? [] : [`    User ${user}`]),
    `    ProxyCommand ${commandOf(config, ['ssh'])}`,
  ]
  if (files === undefined) return `${lines.join('\n')}\n`
  return `${[
    ...lines,
    `Match host ${host} exec "${escaped(commandOf(config, ['ssh-gen', '--quiet']))}"`,
    `    IdentityFile ${sshConfigPath(files.privateKey)}`,
    `    CertificateFile ${sshConfigPath(files.certificate)}`,
    '    IdentitiesOnly yes',
  ].join('\n')}\n`
}

function commandOf(
  { program, destination, isGatewayNamed, options }: ApplicationSshConfig,
  command: readonly string[],
): string {
  const { origin, port } = destination.gateway
  const host = hostOf(destination).includes(':') ? '[%h]' : '%h'
  const where = isGatewayNamed
    ? [host, '--gateway', origin]
    : [port === 443 ? host : `${host}:${port}`]
  const words = [...options.map(sshCommandWord), '--hostname', ...where]
  const own = program.map((word) => sshProgramWord(word))
  return [...own, 'access', ...command, ...words].join(' ')
}

/** For the quotes of ssh_config(5). */
function escaped(command: string): string {
  return command.replaceAll(/["\\]/g, (found) => `\\${found}`)
}

function hostOf({ authority }: Destination): string {
  const { hostname } = new URL(`https://${authority}`)
  return hostname.replaceAll(/[[\]]/g, '')
}
