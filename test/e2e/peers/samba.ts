import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from '../../../src/net/free-port.fixture.ts'
import { mustRun, startChild } from '../child.ts'
import { program } from '../peers.ts'
import { untilListening } from '../ports.ts'
import type { Scope } from '../scope.ts'

/** The folder of one that serves everybody, as `//HOST/files`. */
export interface Samba {
  readonly port: number
  readonly folder: string
}

/** Starts a Samba with files of its own; only root can. */
export async function startSamba(scope: Scope): Promise<Samba> {
  const state = join(scope.directory, 'samba')
  const folder = join(scope.directory, 'shared')
  await Promise.all([mkdir(state, { mode: 0o700 }), mkdir(folder)])
  const port = await freePort()
  const kept = ['private dir', 'lock directory', 'state directory', 'cache directory']
  const configFile = join(state, 'smb.conf')
  await writeFile(
    configFile,
    `[global]
server role = standalone
smb ports = ${port}
interfaces = 127.0.0.1
bind interfaces only = yes
disable netbios = yes
load printers = no
disable spoolss = yes
${[...kept, 'pid directory'].map((name) => `${name} = ${state}`).join('\n')}
ncalrpc dir = ${join(state, 'ncalrpc')}
log file = ${join(state, 'log')}
map to guest = Bad User
[files]
path = ${folder}
guest only = yes
force user = root
read only = no
`,
  )
  const args = ['--foreground', '--no-process-group', `--configfile=${configFile}`]
  // Node's pipes are sockets: with one as its input it would serve that, as inetd has it.
  const launch = ['-c', 'exec "$0" "$@" </dev/null', program('smbd'), ...args, '--debug-stdout']
  await untilListening(port, startChild(scope, 'sh', launch))
  return { port, folder }
}

/** Runs commands of smbclient at a port of this machine, in `folder`; resolves to what it says. */
export async function smbclient(
  scope: Scope,
  { port, folder }: Samba,
  ...commands: readonly string[]
): Promise<string> {
  const args = [...shareAt(port), '-c', commands.join('; ')]
  const result = await mustRun(scope, program('smbclient'), args, { cwd: folder })
  return result.output
}

/** Asks for no password, and knows nothing of this machine's own settings. */
function shareAt(port: number): readonly string[] {
  return ['//127.0.0.1/files', '-p', `${port}`, '-N', '--configfile=/dev/null']
}
