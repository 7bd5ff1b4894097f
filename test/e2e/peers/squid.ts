import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from '../../../src/net/free-port.fixture.ts'
import { startChild } from '../child.ts'
import { program } from '../peers.ts'
import { untilListening } from '../ports.ts'
import type { Scope } from '../scope.ts'
import type { NetworkMachine } from './firewalled-network.ts'
import { serviceDirectory, serviceUser } from './service-user.ts'

export interface Squid {
  /** `HOST:PORT` */
  readonly address: string
  /** Its access log so far: for each CONNECT, its target, status and user. */
  connects(): Promise<readonly { target: string; status: number; user: string }[]>
}

export interface SquidOptions {
  /** The one port that CONNECT may go to. */
  readonly allowedPort: number
  /** Whom it lets in; everybody unless given. */
  readonly user?: { readonly name: string; readonly password: string }
  /** Where it runs, by whose `/etc/hosts`; on this machine's loopback unless given. */
  readonly machine?: NetworkMachine
}

const machinePort = 3128

/** Starts a Squid that keeps nothing, as a user without rights, with files of its own. */
export async function startSquid(
  scope: Scope,
  { allowedPort, user, machine }: SquidOptions,
): Promise<Squid> {
  const directory = await serviceDirectory(scope)
  const file = (name: string): string => join(directory, name)
  const host = machine?.address ?? '127.0.0.1'
  const port = machine === undefined ? await freePort() : machinePort
  // The gateway listens on the IPv4 loopback alone.
  await writeFile(file('hosts'), '127.0.0.1 localhost\n')
  if (user !== undefined) await writeHelper(file('sign-in'), user)
  await writeFile(
    file('squid.conf'),
    `http_port ${host}:${port}
visible_hostname squid.example.com
hosts_file ${machine === undefined ? file('hosts') : '/etc/hosts'}
pid_filename ${file('squid.pid')}
coredump_dir ${directory}
cache_log ${file('cache.log')}
logformat connects %rm %ru %>Hs %un
access_log stdio:${file('access.log')} connects
cache deny all
netdb_filename none
pinger_enable off
shutdown_lifetime 0 seconds
acl CONNECT method CONNECT
acl gateway port ${allowedPort}
http_access deny !gateway
${user === undefined ? '' : signInRules(file('sign-in'))}
http_access allow CONNECT gateway
http_access deny all
`,
  )
  const args = ['-N', '-n', `postern${port}`, '-f', file('squid.conf')]
  const child =
    machine === undefined
      ? startChild(scope, program('squid'), args, { ...serviceUser(), cwd: directory })
      : machine.start(...asServiceUser(program('squid'), args), { cwd: directory })
  scope.witness('squid', () => child.errors())
  await untilListening(port, child, machine && ((at) => machine.reaches(host, at)))
  return {
    address: `${host}:${port}`,
    async connects() {
      const lines = (await readFile(file('access.log'), 'utf8')).split('\n')
      return lines.flatMap((line) => {
        const [method, target = '', status, user = ''] = line.split(' ')
        return method === 'CONNECT' ? [{ target, status: Number(status), user }] : []
      })
    },
  }
}

/** Only root enters another machine. */
function asServiceUser(command: string, args: readonly string[]): [string, string[]] {
  const { uid, gid } = serviceUser()
  const user = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups']
  return [program('setpriv'), [...user, command, ...args]]
}

function signInRules(helper: string): string {
  return `auth_param basic program ${helper}
auth_param basic children 1
auth_param basic realm Squid
acl known proxy_auth REQUIRED
http_access deny !known`
}

/** Squid asks "USER PASSWORD" on a line; it escapes a few characters, which no test here uses. */
async function writeHelper(
  path: string,
  { name, password }: NonNullable<SquidOptions['user']>,
): Promise<void> {
  const script = `while read -r line; do [ "$line" = '${name} ${password}' ] && echo OK || echo ERR; done`
  await writeFile(path, `#!/bin/sh\n${script}\n`)
  await chmod(path, 0o755)
}
