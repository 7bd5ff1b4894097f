import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe } from 'node:test'
import { freePort } from '../../src/net/free-port.fixture.ts'
import {
  ballastMib,
  ballastRowCount,
  digestOfDump,
  writeBallast,
  type BallastRow,
} from './ballast.ts'
import {
  carriedByConnector,
  readBehindConnector,
  type BehindConnector,
} from './behind-connector.ts'
import { inTime, mustRun, type Child } from './child.ts'
import {
  failLine,
  listenInstead,
  listenLine,
  openGuide,
  openLine,
  readerAt,
  runLine,
  type Guide,
} from './guide.ts'
import { maxBulkTestMs, peerTest, program } from './peers.ts'
import { startPostgres } from './peers/postgres.ts'
import { serviceCertificate } from './peers/service-certificate.ts'
import type { Person } from './person.ts'
import { alice, startRig, type GatewayRig } from './rig.ts'
import type { Scope } from './scope.ts'
import { startTap, type Tap } from './tap.ts'

const name = 'db.example.com'
/** As the guide's password file has it. */
const password = 'the password'

describe('docs/services/postgres.md', () => {
  peerTest(
    `says what works: verify-full, ${ballastMib} MiB each way, NOTIFY, Ctrl-C, a connector`,
    ['PostgreSQL'],
    async (scope) => {
      const it = await startReader(scope)
      await checkVerification(it)
      await checkNotify(it)
      await checkCancel(it)
      await checkLoadAndDump(it)
      await checkBehindConnector(it)
      it.guide.finish()
    },
    maxBulkTestMs,
  )
})

interface Reader {
  readonly scope: Scope
  readonly guide: Guide
  readonly person: Person
  readonly tap: Tap
  readonly rig: GatewayRig
  readonly behind: BehindConnector
  /** `postern tcp`, while it listens. */
  readonly listening: Child
  /** Runs SQL as the guide's `psql service=shop --command` does. */
  ask(sql: string): Promise<string>
}

async function startReader(scope: Scope): Promise<Reader> {
  const certificate = await serviceCertificate(scope, name)
  const server = await startPostgres(scope, { tls: certificate, password: 'of the owner' })
  await createUser(scope, server)
  const tap = await startTap(scope, server)
  const address = { '10.0.0.6:5432': `127.0.0.1:${tap.port}` }
  const behind = await readBehindConnector(scope, address)
  const guide = await openGuide('postgres', {
    standIns: {
      ...address,
      '15432': `${await freePort()}`,
      '/home/alice': join(scope.directory, 'home of alice'),
    },
  })
  const rig = await startRig(scope, guide.routes(), behind.settings)
  const person = await readerAt(scope, rig, alice)
  await writeFile(join(person.home, 'db-ca.pem'), certificate.ca)
  await writeFile(join(person.home, '.pg_service.conf'), guide.block('ini'))
  await writeFile(join(person.home, '.pgpass'), guide.block('pgpass'), { mode: 0o600 })
  const listening = await listenLine(scope, person, guide.command(/^postern tcp /))
  const ask = async (sql: string): Promise<string> =>
    (await runLine(scope, person, `${session} --tuples-only --no-align`, { input: sql })).output
  return { scope, guide, person, tap, rig, behind, listening, ask }
}

/** What the guide's commands begin with. */
const session = 'psql service=shop'

async function createUser(scope: Scope, port: number): Promise<void> {
  const url = `postgresql://postgres@127.0.0.1:${port}/postgres?sslmode=require`
  const env = { PGPASSWORD: 'of the owner' }
  const input = `CREATE ROLE alice LOGIN PASSWORD '${password}';\nCREATE DATABASE shop OWNER alice;`
  await mustRun(scope, program('psql'), ['-q', '-v', 'ON_ERROR_STOP=1', url], { env, input })
}

async function checkVerification({ scope, guide, person, tap, ask }: Reader): Promise<void> {
  const input = "SELECT 'in clear' || ' text', ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
  const connect = guide.command(/ postern connect /)
  assert.match((await runLine(scope, person, connect, { input })).output, /in clear text \| t/)
  const oneLine = guide.command(/^psql "host=/)
  assert.match((await runLine(scope, person, oneLine, { input })).output, /in clear text \| t/)
  assert.match(
    (await runLine(scope, person, guide.command(/select version/))).output,
    /PostgreSQL \d+/,
  )
  assert.equal(await ask('SELECT current_user'), 'alice\n')
  assert.ok(tap.saw(name), 'the name in the hello of TLS')
  assert.ok(!tap.saw('in clear') && !tap.saw('alice'), 'the gateway could read the session')

  const fails = (line: string, words: RegExp): Promise<void> =>
    failLine(scope, person, line, words, input)
  const mismatch = /server certificate for "db.example.com".* does not match host name "127.0.0.1"/
  await fails(oneLine.replace(`host=${name} hostaddr`, 'host'), mismatch)
  await fails(oneLine.replace('db-ca.pem', 'no-ca.pem'), /no-ca.pem" does not exist/)
  const other = await serviceCertificate(scope, name)
  await writeFile(join(person.home, 'other-ca.pem'), other.ca)
  for (const line of [oneLine, connect])
    await fails(line.replace('db-ca.pem', 'other-ca.pem'), /certificate verify failed/)
}

/** `psql` prints what it was notified of after its next command. */
async function checkNotify({ scope, guide, person, ask }: Reader): Promise<void> {
  const listener = openLine(scope, person, session)
  listener.stdin.write(guide.block('sql', /^LISTEN/))
  await listener.says(/^LISTEN$/m)
  await ask(guide.block('sql', /^NOTIFY/))
  listener.stdin.end('SELECT 1;\n')
  await listener.says(/notification "orders" with payload "number 4711" received/)
  assert.equal(await listener.ended, 0)
}

/** Ctrl-C in psql asks for the cancellation on a connection of its own: a second tunnel. */
async function checkCancel({ scope, person, ask }: Reader): Promise<void> {
  const sleeping = openLine(scope, person, `${session} --command 'SELECT pg_sleep(60)'`)
  sleeping.stdin.end()
  const active = `SELECT FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sl%'`
  await ask(`DO $$ BEGIN
    WHILE NOT EXISTS (${active}) LOOP
      PERFORM pg_sleep(0.02), pg_stat_clear_snapshot();
    END LOOP;
  END $$`)
  sleeping.signal('SIGINT')
  assert.notEqual(await inTime(sleeping.ended, () => 'psql sleeps on'), 0)
  assert.match(sleeping.errors(), /canceling statement due to user request/)
  assert.equal(await ask(`SELECT EXISTS (${active})`), 'f\n')
}

async function checkLoadAndDump({ scope, guide, person, ask }: Reader): Promise<void> {
  const head = `CREATE TABLE ballast (id int PRIMARY KEY, digest text NOT NULL, body text NOT NULL);
COPY ballast FROM stdin;
`
  const format = (rows: readonly BallastRow[]): string =>
    rows.map(({ id, digest, body }) => `${id}\t${digest}\t${body}\n`).join('')
  const digest = await writeBallast(join(person.home, 'shop.sql'), head, format, '\\.\n')

  await runLine(scope, person, guide.command(/--file shop\.sql/))
  const right = 'SELECT count(*) FROM ballast WHERE md5(body) = digest'
  assert.equal(await ask(right), `${ballastRowCount}\n`)
  await runLine(scope, person, guide.command(/^pg_dump /))
  assert.equal(await digestOfDump(join(person.home, 'backup.sql'), copiedRow), digest)
}

/** The same local port, by the other command: everything but the bulk again. */
async function checkBehindConnector(it: Reader): Promise<void> {
  const { scope, guide, person, tap, rig, behind, listening, ask } = it
  tap.forget()
  await behind.start(rig)
  await listenInstead(scope, person, listening, guide.command(/^postern access tcp /))
  await checkVerification(it)
  await checkNotify(it)
  await checkCancel(it)
  const rows = `SELECT generate_series(1, 20000), repeat(md5('x'), 16)`
  await runLine(scope, person, `${session} --command "COPY (${rows}) TO STDOUT" > copied.tsv`)
  await ask('CREATE TABLE copied (id int, body text)')
  await runLine(scope, person, `${session} --command 'COPY copied FROM STDIN' < copied.tsv`)
  assert.equal(await ask(`SELECT count(*) FROM (SELECT * FROM copied EXCEPT ${rows}) x`), '0\n')
  assert.equal(await ask('SELECT count(*), sum(length(body)) FROM copied'), '20000|10240000\n')
  await carriedByConnector(rig, name)
}

/** The row that a line between `COPY` and its end is. */
function* copiedRow(line: string): Generator<BallastRow> {
  const [, id, digest, body] = /^(\d+)\t([0-9a-f]{32})\t(\S+)$/.exec(line) ?? []
  if (id !== undefined && digest !== undefined && body !== undefined) {
    yield { id: Number(id), digest, body }
  }
}
