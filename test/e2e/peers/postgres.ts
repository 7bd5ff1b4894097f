import { join } from 'node:path'
import { mustRun, startChild } from '../child.ts'
import { program } from '../peers.ts'
import { freePort } from '../../../src/net/free-port.fixture.ts'
import { untilListening } from '../ports.ts'
import type { Scope } from '../scope.ts'
import { serviceDirectory, serviceUser } from './service-user.ts'

/** Starts a PostgreSQL with a cluster of its own, where everybody is `postgres`; resolves to its port. */
export async function startPostgres(scope: Scope): Promise<number> {
  const directory = await serviceDirectory(scope)
  const data = join(directory, 'data')
  const options = { ...serviceUser(), cwd: directory, env: { LC_ALL: 'C' } }
  const cluster = ['--username=postgres', '--auth=trust', '--encoding=UTF8', '--no-sync']
  await mustRun(scope, program('initdb'), ['--pgdata', data, ...cluster], options)
  const port = await freePort()
  const settings = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    fsync: 'off',
    log_min_messages: 'fatal',
  }
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  // SIGINT asks for a fast shutdown; SIGTERM would wait for every session.
  const ending = { ...options, endSignal: 'SIGINT' } as const
  await untilListening(port, startChild(scope, program('postgres'), ['-D', data, ...args], ending))
  return port
}
