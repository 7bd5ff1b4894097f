import { formatAuthority, type HostPort } from '../../address.ts'
import { sshCommandWord, sshProgramWord } from '../../client/ssh-config/words.ts'
import type { Environment } from '../process/environment.ts'
import type { ToolCall } from './tools.ts'

/** What leads `ssh` or `sftp` through a gateway. */
export interface SshPlace {
  readonly target: HostPort
  /** This program, as it is started. */
  readonly program: readonly string[]
  /** Options of `postern tcp`, one word each. */
  readonly tcpOptions: readonly string[]
  readonly user: string | undefined
  readonly args: readonly string[]
}

/**
 * Not by a local port: a connection that `ssh` keeps in the background (`-f`, ControlPersist) has a tunnel of its own,
 * and the host's key is kept under the host's name. What the command line says goes before `~/.ssh/config`.
 */
export function sshCall(
  tool: 'ssh' | 'sftp',
  { target, program, tcpOptions, user, args }: SshPlace,
): ToolCall {
  const { host, port } = target
  const proxy = [
    ...program.map((word) => sshProgramWord(word)),
    ...['tcp', ...tcpOptions, '--listen', '-'].map(sshCommandWord),
    // Not "%h", which a HostName of the person's own file would change.
    host.includes(':') ? `'${formatAuthority(target)}'` : formatAuthority(target),
  ].join(' ')
  const options = [
    `-oProxyCommand=${proxy}`,
    `-oHostKeyAlias=${port === 22 ? host : `[${host}]:${port}`}`,
  ]
  const account = user === undefined ? [] : [`-oUser=${user}`]
  // `parseHost` lets no host begin with "-".
  return tool === 'ssh'
    ? { args: [...options, ...account, '-p', `${port}`, host, ...args], env: {} }
    : { args: [...options, ...account, '-P', `${port}`, ...args, bracketed(host)], env: {} }
}

/** `sftp` takes what stands behind a colon for a path. */
function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

/** Secrets that were given as options, for `postern tcp` behind `ssh`: there they are seen by nobody else. */
export function secretVariables(options: {
  readonly serviceAccount?: string
  readonly serviceTokenId?: string
  readonly serviceTokenSecret?: string
}): Environment {
  const { serviceAccount, serviceTokenId, serviceTokenSecret } = options
  return {
    ...(serviceAccount !== undefined && { POSTERN_SERVICE_ACCOUNT: serviceAccount }),
    ...(serviceTokenId !== undefined && { TUNNEL_SERVICE_TOKEN_ID: serviceTokenId }),
    ...(serviceTokenSecret !== undefined && { TUNNEL_SERVICE_TOKEN_SECRET: serviceTokenSecret }),
  }
}
