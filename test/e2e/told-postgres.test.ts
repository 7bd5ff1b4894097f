// What people's own tools say when their tunnel is cut, on a route with `tell`.
import assert from 'node:assert/strict'
import type { EventEmitter } from 'node:events'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { describe } from 'node:test'
import { mustRun, startChild, type Child } from './child.ts'
import { peerTest, program } from './peers.ts'
import { startJdbc } from './peers/jdbc.ts'
import { startPostgres } from './peers/postgres.ts'
import { serviceCertificate, type ServiceCertificate } from './peers/service-certificate.ts'
import type { Scope } from './scope.ts'
import { startThrough, told } from './told-rig.ts'

describe('PostgreSQL on a route with `tell`', () => {
  peerTest('psql is told why, in a query and at its prompt', ['PostgreSQL'], async (scope) => {
    const it = await startThroughPostgres(scope)
    const asking = it.psql()
    asking.stdin.write('SELECT 6 * 7;\nSELECT pg_sleep(60);\n')
    await asking.says(/42/)
    await it.untilAsleep()
    await it.revoke()
    await asking.says(new RegExp(`FATAL: {2}${told}`))
    await asking.says(/HINT: {2}connect again/)

    const resting = it.psql()
    resting.stdin.write('SELECT 6 * 7;\n')
    await resting.says(/42/)
    await it.revoke()
    // It rests for longer than the reset takes to come.
    await it.untilReset()
    resting.stdin.write('SELECT 6 * 7;\n')
    await resting.says(new RegExp(`FATAL: {2}${told}`))
  })

  peerTest('node-postgres is told why', ['PostgreSQL'], async (scope) => {
    const it = await startThroughPostgres(scope)
    const asking = await connectPg(it)
    const asked = asking.query('SELECT pg_sleep(60)').catch((error: unknown) => error)
    await it.untilAsleep()
    await it.revoke()
    const failure = await asked
    assert.ok(failure instanceof Error)
    assert.match(failure.message, new RegExp(told))
    assert.equal(Reflect.get(failure, 'code'), '57P01')

    const resting = await connectPg(it)
    const [[error]] = await Promise.all([once(resting, 'error'), it.revoke()])
    assert.ok(error instanceof Error)
    assert.match(error.message, new RegExp(told))
  })

  peerTest('a JDBC driver is told why', ['PostgreSQL', 'Java'], async (scope) => {
    const it = await startThroughPostgres(scope)
    const address = `//127.0.0.1:${it.port}/postgres?user=postgres&sslmode=disable`
    const jdbc = await startJdbc(scope, it.person, 'postgresql', address)
    jdbc.stdin.write('SELECT pg_sleep(60)\n')
    await it.untilAsleep()
    await it.revoke()
    await jdbc.says(new RegExp(`failed: 57P01 FATAL: ${told}`))
  })

  peerTest('a session with TLS inside is reset', ['PostgreSQL'], async (scope) => {
    const tls = await serviceCertificate(scope, 'db.example.com')
    const it = await startThroughPostgres(scope, tls)
    const asking = it.psql()
    asking.stdin.write('SELECT 6 * 7;\nSELECT pg_sleep(60);\n')
    await asking.says(/42/)
    await it.untilAsleep()
    await it.revoke(undefined)
    await asking.says(/connection to server was lost|server closed the connection/)
    assert.doesNotMatch(asking.errors(), /FATAL/)
  })
})

async function startThroughPostgres(scope: Scope, tls?: ServiceCertificate) {
  const service = await startPostgres(scope, tls && { tls })
  const it = await startThrough(scope, 'postgres', service)
  const url = (port: number): string =>
    `postgresql://postgres@127.0.0.1:${port}/postgres?sslmode=${tls ? 'require' : 'disable'}`
  const quiet = ['--no-psqlrc', '--quiet', '--tuples-only']
  const asleep = `SELECT count(*) FROM pg_stat_activity
    WHERE state = 'active' AND query LIKE 'SELECT pg_sleep%'`
  return {
    ...it,
    url: url(it.port),
    psql: (): Child => startChild(scope, program('psql'), [...quiet, url(it.port)], it.person),
    /** Resolves when a statement sleeps at the service. */
    async untilAsleep(): Promise<void> {
      const args = [...quiet, '-c', asleep, url(service)]
      while (!/1/.test((await mustRun(scope, program('psql'), args)).output));
    },
  }
}

interface PgClient extends EventEmitter {
  connect(): Promise<void>
  query(sql: string): Promise<unknown>
}

/** It comes without types of its own. */
const { Client } = createRequire(import.meta.url)('pg') as {
  Client: new (connectionString: string) => PgClient
}

async function connectPg({ url }: { readonly url: string }): Promise<PgClient> {
  const client = new Client(url)
  // Behind the error it says that the connection has ended.
  client.on('error', () => undefined)
  await client.connect()
  return client
}
