import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { mustRun, startChild } from '../child.ts'
import { program } from '../peers.ts'
import { freePort } from '../../../src/net/free-port.fixture.ts'
import { untilListening } from '../ports.ts'
import type { Scope } from '../scope.ts'
import type { ServiceCertificate } from './service-certificate.ts'
import { serviceDirectory, serviceUser } from './service-user.ts'

export interface PostgresOptions {
  /** Speaks TLS, and accepts nothing else. */
  readonly tls?: ServiceCertificate
  /** Asks for passwords; this is the one of `postgres`. **Default:** everybody is who they say */
  readonly password?: string
}

/** Starts a PostgreSQL with a cluster of its own, whose owner is `postgres`; resolves to its port. */
export async function startPostgres(
  scope: Scope,
  { tls, password }: PostgresOptions = {},
): Promise<number> {
  const directory = await serviceDirectory(scope)
  const data = join(directory, 'data')
  const options = { ...serviceUser(), cwd: directory, env: { LC_ALL: 'C' } }
  const method = password === undefined ? 'trust' : 'scram-sha-256'
  const cluster = ['--username=postgres', `--auth=${method}`, '--encoding=UTF8', '--no-sync']
  if (password !== undefined) {
    await writeFile(join(directory, 'password'), `${password}\n`)
    cluster.push(`--pwfile=${join(directory, 'password')}`)
  }
  await mustRun(scope, program('initdb'), ['--pgdata', data, ...cluster], options)
  if (tls !== undefined) {
    await writeFile(join(data, 'pg_hba.conf'), `hostssl all all 127.0.0.1/32 ${method}\n`)
  }
  const port = await freePort()
  const settings = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    fsync: 'off',
    log_min_messages: 'fatal',
    ...(tls && { ssl: 'on', ssl_cert_file: tls.certFile, ssl_key_file: tls.keyFile }),
  }
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  // SIGINT asks for a fast shutdown; SIGTERM would wait for every session.
  const ending = { ...options, endSignal: 'SIGINT' } as const
  await untilListening(port, startChild(scope, program('postgres'), ['-D', data, ...args], ending))
  return port
}
