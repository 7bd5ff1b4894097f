import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { mustRun, startChild } from '../child.ts'
import { program } from '../peers.ts'
import { freePort } from '../../../src/net/free-port.fixture.ts'
import { untilListening } from '../ports.ts'
import type { Scope } from '../scope.ts'

/** A running `sshd`, and what its clients need. */
export interface Sshd {
  readonly port: number
  /** Arguments by which `ssh` and `scp` sign in as the user who runs the tests, and check the host. */
  readonly clientOptions: readonly string[]
  readonly user: string
  /** The files that `clientOptions` names: the user's private key, and who the host is. */
  readonly userKey: string
  readonly knownHosts: string
}

/**
 * Starts OpenSSH's server with a host key, a user key and a configuration of its own; of a setting that is
 * there twice the first one counts, and `moreSettings` come first.
 */
export async function startSshd(scope: Scope, hostName: string, moreSettings = ''): Promise<Sshd> {
  const directory = join(scope.directory, 'ssh')
  await mkdir(directory, { mode: 0o700 })
  const [hostKey, userKey] = [join(directory, 'host_key'), join(directory, 'user_key')]
  for (const key of [hostKey, userKey]) {
    await mustRun(scope, program('ssh-keygen'), ['-q', '-t', 'ed25519', '-N', '', '-f', key])
  }
  const authorizedKeys = join(directory, 'authorized_keys')
  await writeFile(authorizedKeys, await readFile(`${userKey}.pub`))
  await chmod(authorizedKeys, 0o600)
  const port = await freePort()
  const config = join(directory, 'sshd_config')
  await writeFile(config, moreSettings + serverConfig({ port, hostKey, authorizedKeys }))
  await makePrivilegeSeparationDirectory()
  await untilListening(port, startChild(scope, program('sshd'), ['-D', '-e', '-f', config]))

  const knownHosts = join(directory, 'known_hosts')
  await writeFile(knownHosts, `${hostName} ${await readFile(`${hostKey}.pub`, 'utf8')}`)
  return {
    port,
    user: userInfo().username,
    userKey,
    knownHosts,
    clientOptions: clientOptions(userKey, knownHosts, hostName),
  }
}

function serverConfig(paths: { port: number; hostKey: string; authorizedKeys: string }): string {
  return `ListenAddress 127.0.0.1:${paths.port}
HostKey ${paths.hostKey}
AuthorizedKeysFile ${paths.authorizedKeys}
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
Subsystem sftp internal-sftp
`
}

function clientOptions(userKey: string, knownHosts: string, hostName: string): string[] {
  const options = {
    IdentityFile: userKey,
    IdentitiesOnly: 'yes',
    UserKnownHostsFile: knownHosts,
    GlobalKnownHostsFile: '/dev/null',
    HostKeyAlias: hostName,
    StrictHostKeyChecking: 'yes',
    BatchMode: 'yes',
  }
  return [
    '-F',
    'none',
    ...Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]),
  ]
}

/** Root's `sshd` insists on this directory, which Debian makes only when its own service starts. */
async function makePrivilegeSeparationDirectory(): Promise<void> {
  if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true, mode: 0o755 })
}
