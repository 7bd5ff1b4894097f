// What people's own tools say when their tunnel is cut, on a route with `tell`.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { once } from 'node:events'
import type { EventEmitter } from 'node:events'
import { describe } from 'node:test'
import { mustRun, startChild, type Child } from './child.ts'
import { peerTest, program } from './peers.ts'
import { startJdbc } from './peers/jdbc.ts'
import { startPostgres } from './peers/postgres.ts'
import { serviceCertificate } from './peers/service-certificate.ts'
import { personAt, type Person } from './person.ts'
import { alice, route, startRig, type GatewayRig } from './rig.ts'
import type { Scope } from './scope.ts'

const target = 'db.example.com:5432'
const told = /access to "prod-db" has ended: the sign-in, .* was ended \(request id [0-9a-f-]{36}\)/

describe('PostgreSQL on a route with `tell`', () => {
  peerTest('psql is told why, in a query and at its prompt', ['PostgreSQL'], async (scope) => {
    const it = await startThrough(scope, await startPostgres(scope))
    const asking = startPsql(scope, it)
    asking.stdin.write('SELECT 6 * 7;\nSELECT pg_sleep(60);\n')
    await asking.says(/42/)
    await untilAsleep(scope, it)
    await it.revoke('postgres')
    await asking.says(new RegExp(`FATAL: {2}${told.source}`))
    await asking.says(/HINT: {2}connect again/)

    const resting = startPsql(scope, it)
    resting.stdin.write('SELECT 6 * 7;\n')
    await resting.says(/42/)
    await it.revoke('postgres')
    resting.stdin.write('SELECT 6 * 7;\n')
    await resting.says(new RegExp(`FATAL: {2}${told.source}`))
  })

  peerTest('node-postgres is told why', ['PostgreSQL'], async (scope) => {
    const it = await startThrough(scope, await startPostgres(scope))
    const asking = await connectPg(it)
    const asked = asking.query('SELECT pg_sleep(60)')
    // Of a connection that ends it says so as well.
    asking.on('error', () => undefined)
    await untilAsleep(scope, it)
    const [failure] = await Promise.all([
      asked.catch((error: unknown) => error),
      it.revoke('postgres'),
    ])
    assert.ok(failure instanceof Error)
    assert.match(failure.message, told)
    assert.equal(Reflect.get(failure, 'code'), '57P01')

    const resting = await connectPg(it)
    resting.on('error', () => undefined)
    const [[error]] = await Promise.all([once(resting, 'error'), it.revoke('postgres')])
    assert.ok(error instanceof Error)
    assert.match(error.message, told)
  })

  peerTest('a JDBC driver is told why', ['PostgreSQL', 'Java'], async (scope) => {
    const it = await startThrough(scope, await startPostgres(scope))
    const jdbc = await startJdbc(
      scope,
      it.person,
      'postgresql',
      `//127.0.0.1:${it.port}/postgres?user=postgres&sslmode=disable`,
    )
    jdbc.stdin.write('SELECT pg_sleep(60)\n')
    await untilAsleep(scope, it)
    await it.revoke('postgres')
    await jdbc.says(new RegExp(`failed: 57P01 FATAL: ${told.source}`))
  })

  peerTest('a session with TLS inside is reset', ['PostgreSQL'], async (scope) => {
    const tls = await serviceCertificate(scope, 'db.example.com')
    const it = await startThrough(scope, await startPostgres(scope, { tls }))
    const asking = startPsql(scope, it, 'require')
    asking.stdin.write('SELECT 6 * 7;\nSELECT pg_sleep(60);\n')
    await asking.says(/42/)
    await untilAsleep(scope, it, 'require')
    await it.revoke(undefined)
    await asking.says(/connection to server was lost|server closed the connection/)
    assert.doesNotMatch(asking.errors(), /FATAL/)
  })
})

interface Through {
  readonly rig: GatewayRig
  readonly person: Person
  readonly port: number
  /** Ends the sign-in; resolves when the log says how each of the tunnels was told. */
  revoke(told: string | undefined): Promise<void>
}

async function startThrough(scope: Scope, service: number): Promise<Through> {
  const rig = await startRig(scope, [
    { ...route(target, service), name: 'prod-db', tell: 'postgres' },
  ])
  const person = await personAt(scope, rig, alice)
  const { port } = await person.listen(target)
  return {
    rig,
    person,
    port,
    async revoke(told) {
      const isCut = (line: Readonly<Record<string, unknown>>): boolean =>
        line['ended'] === 'session-revoked'
      const before = rig.lines.all(isCut).length
      await rig.postern('gateway', 'sessions', 'revoke', '-c', rig.configPath, alice)
      await rig.lines.first(() => rig.lines.all(isCut).length > before)
      for (const line of rig.lines.all(isCut).slice(before)) assert.equal(line['told'], told)
    },
  }
}

function urlOf({ port }: Through, sslmode = 'disable'): string {
  return `postgresql://postgres@127.0.0.1:${port}/postgres?sslmode=${sslmode}`
}

function startPsql(scope: Scope, it: Through, sslmode?: string): Child {
  const args = ['--no-psqlrc', '--quiet', '--tuples-only', urlOf(it, sslmode)]
  return startChild(scope, program('psql'), args, it.person)
}

/** Resolves when a statement sleeps at the service. */
async function untilAsleep(scope: Scope, it: Through, sslmode?: string): Promise<void> {
  const asleep = `SELECT count(*) FROM pg_stat_activity
    WHERE state = 'active' AND query LIKE 'SELECT pg_sleep%'`
  const args = ['--no-psqlrc', '-c', asleep, '--tuples-only', urlOf(it, sslmode)]
  while (!/1/.test((await mustRun(scope, program('psql'), args, it.person)).output));
}

interface PgClient extends EventEmitter {
  connect(): Promise<void>
  query(sql: string): Promise<unknown>
}

/** It comes without types of its own. */
const { Client } = createRequire(import.meta.url)('pg') as {
  Client: new (connectionString: string) => PgClient
}

async function connectPg(it: Through): Promise<PgClient> {
  const client = new Client(urlOf(it))
  await client.connect()
  return client
}
