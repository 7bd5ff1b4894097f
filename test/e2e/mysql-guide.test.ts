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
import { startMariadb } from './peers/mariadb.ts'
import { serviceCertificate } from './peers/service-certificate.ts'
import type { Person } from './person.ts'
import { alice, startRig, type GatewayRig } from './rig.ts'
import type { Scope } from './scope.ts'
import { startTap, type Tap } from './tap.ts'

/** As the guide's option file has it. */
const password = 'the password'
const serverName = 'shop-db.internal'

describe('docs/services/mysql.md', () => {
  peerTest(
    `says what works: 127.0.0.1, ${ballastMib} MiB each way, Ctrl-C, the right name, a connector`,
    ['MariaDB'],
    async (scope) => {
      const it = await startReader(scope)
      await checkConnection(it)
      await checkLocalhost(it)
      await checkCancel(it)
      await checkName(it)
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
  /** Runs SQL with the guide's option file. */
  ask(sql: string): Promise<string>
}

const session = 'mariadb --defaults-extra-file="$HOME/shop.cnf" --batch --skip-column-names shop'

async function startReader(scope: Scope): Promise<Reader> {
  const certificate = await serviceCertificate(scope, serverName)
  const server = await startMariadb(scope, { tls: certificate })
  await createUser(scope, server)
  const tap = await startTap(scope, server)
  const address = { '10.0.0.8:3306': `127.0.0.1:${tap.port}` }
  const behind = await readBehindConnector(scope, address)
  const guide = await openGuide('mysql', {
    standIns: { ...address, '13306': `${await freePort()}` },
  })
  const rig = await startRig(scope, guide.routes(), behind.settings)
  const person = await readerAt(scope, rig, alice)
  await writeFile(join(person.home, 'shop-ca.pem'), certificate.ca)
  await writeFile(join(person.home, 'shop.cnf'), guide.block('ini'), { mode: 0o600 })
  const listening = await listenLine(scope, person, guide.command(/^postern tcp /))
  const ask = async (sql: string): Promise<string> =>
    (await runLine(scope, person, session, { input: sql })).output
  return { scope, guide, person, tap, rig, behind, listening, ask }
}

/** She exists for no connection without TLS. */
async function createUser(scope: Scope, port: number): Promise<void> {
  const args = ['--no-defaults', '-h', '127.0.0.1', '-P', String(port), '-u', 'root']
  const input = `CREATE DATABASE shop;
    CREATE USER alice IDENTIFIED BY '${password}' REQUIRE SSL;
    GRANT ALL ON shop.* TO alice;
    GRANT PROCESS ON *.* TO alice;`
  await mustRun(scope, program('mariadb'), args, { input })
}

async function checkConnection({ scope, guide, person, tap, ask }: Reader): Promise<void> {
  const sql = `SELECT 'in clear'; SHOW STATUS LIKE 'Ssl_cipher'`
  const connect = `${guide.command(/^postern connect /)} --execute "${sql}"`
  const connected = await runLine(scope, person, connect, { input: `${password}\n` })
  assert.match(connected.output, /in clear[^]*Ssl_cipher\s.*TLS/)
  const line = `${guide.command(/^mariadb --host 127/)} --execute "${sql}"`
  const { output } = await runLine(scope, person, line, { input: `${password}\n` })
  assert.match(output, /in clear[^]*Ssl_cipher\tTLS/)
  assert.equal(await ask('SELECT substring_index(current_user(), "@", 1)'), 'alice\n')
  assert.ok(tap.saw('MariaDB'), 'the greeting is in clear')
  assert.ok(!tap.saw('in clear') && !tap.saw('alice'), 'the gateway could read the session')
  await failLine(scope, person, `${line} --skip-ssl`, /Access denied for user 'alice'/, password)
}

/** What the guide says of `localhost`, for the client that is here. */
async function checkLocalhost({ scope, guide, person }: Reader): Promise<void> {
  const file = guide.block('ini').replace('host = 127.0.0.1', 'host = localhost')
  await writeFile(join(person.home, 'localhost.cnf'), file, { mode: 0o600 })
  const line = session.replace('shop.cnf', 'localhost.cnf')
  await failLine(scope, person, line, /Can't connect to local server through socket/)
}

/** The client stays, and the server no longer works on it. */
async function checkCancel({ scope, person, ask }: Reader): Promise<void> {
  const client = openLine(scope, person, session)
  client.stdin.end('SELECT 1 + benchmark(100000000000, md5("x"));\nSELECT 40 + 2;\n')
  const count = (): Promise<string> =>
    ask("SELECT count(*) FROM information_schema.processlist WHERE info LIKE 'SELECT 1 + bench%'")
  while ((await count()) !== '1\n');
  client.signal('SIGINT')
  await inTime(client.ended, () => 'the client goes on')
  assert.match(client.output(), /Ctrl-C -- query killed[^]*\n42\n$/)
  assert.equal(await count(), '0\n')
}

/** In a file system of its own, the reader's `/etc/hosts` has the guide's line. */
async function checkName({ scope, guide, person }: Reader): Promise<void> {
  const hosts = join(scope.directory, 'hosts')
  await writeFile(hosts, guide.block('hosts'))
  const line = `${guide.command(/--ssl-verify-server-cert/)} --execute "SELECT 40 + 2"`
  const input = `${password}\n`
  const withHosts = (words: string): string =>
    `${privateMounts()} sh -c 'mount --bind "$0" /etc/hosts && eval "$1"' '${hosts}' '${words}'`
  assert.match((await runLine(scope, person, withHosts(line), { input })).output, /\b42\b/)

  const byAddress = line.replace(serverName, '127.0.0.1')
  await failLine(scope, person, byAddress, /Validation of SSL server certificate failed/, input)
  const other = await serviceCertificate(scope, serverName)
  await writeFile(join(person.home, 'other-ca.pem'), other.ca)
  const distrusting = withHosts(line.replace('shop-ca', 'other-ca'))
  await failLine(scope, person, distrusting, /unable to get local issuer certificate/, input)
  // The authority is checked without being asked for, the name is not.
  const nameless = byAddress.replace('--ssl-verify-server-cert', '')
  await runLine(scope, person, nameless, { input })
  const unknown = nameless.replace('shop-ca', 'other-ca')
  await failLine(scope, person, unknown, /unable to get local issuer certificate/, input)
}

/** Root may change what itself sees mounted; others must become root of a world of their own first. */
function privateMounts(): string {
  return process.getuid?.() === 0 ? 'unshare --mount' : 'unshare --user --map-root-user --mount'
}

async function checkLoadAndDump({ scope, guide, person, ask }: Reader): Promise<void> {
  const head = `CREATE TABLE ballast (
    id int PRIMARY KEY, digest char(32) NOT NULL, body varchar(4096) NOT NULL
  ) CHARACTER SET latin1;
`
  const format = (rows: readonly BallastRow[]): string =>
    `INSERT INTO ballast VALUES ${rows.map(tuple).join(',')};\n`
  const digest = await writeBallast(join(person.home, 'shop.sql'), head, format, '')

  await runLine(scope, person, guide.command(/< shop\.sql$/))
  const right = 'SELECT count(*) FROM ballast WHERE md5(body) = digest'
  assert.equal(await ask(right), `${ballastRowCount}\n`)
  await runLine(scope, person, guide.command(/^mariadb-dump /))
  assert.equal(await digestOfDump(join(person.home, 'backup.sql'), insertedRows), digest)
}

/** The same local port, by the other command: everything but the bulk again. */
async function checkBehindConnector(it: Reader): Promise<void> {
  const { scope, guide, person, tap, rig, behind, listening } = it
  tap.forget()
  await behind.start(rig)
  await listenInstead(scope, person, listening, guide.command(/^postern access tcp /))
  await checkConnection(it)
  await checkCancel(it)
  await carriedByConnector(rig, 'shop.example.com')
}

function tuple({ id, digest, body }: BallastRow): string {
  return `(${id},'${digest}','${body}')`
}

function* insertedRows(line: string): Generator<BallastRow> {
  for (const [, id, digest = '', body = ''] of line.matchAll(
    /\((\d+),'([0-9a-f]{32})','([A-Za-z0-9+/=]*)'\)/g,
  )) {
    yield { id: Number(id), digest, body }
  }
}
