import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe } from 'node:test'
import { mustRun, startChild } from './child.ts'
import { peerTest, program } from './peers.ts'
import { startPostgres } from './peers/postgres.ts'
import { personAt, type Person } from './person.ts'
import { alice, route, startRig } from './rig.ts'
import type { Scope } from './scope.ts'

const target = 'db.example.com:5432'
/** About 6 MiB as text. */
const rows = 100_000

describe('PostgreSQL through the gateway', () => {
  peerTest('psql asks, copies in and out, and cancels', ['PostgreSQL'], async (scope) => {
    const through = await startThrough(scope)
    assert.equal(await through.psql('SELECT 6 * 7'), '42\n')
    await checkCopy(through.psql)
    await checkCancel(scope, through)
  })
})

type Psql = (sql: string, input?: string) => Promise<string>

/** What went in by COPY comes out the same, and the server saw the same. */
async function checkCopy(psql: Psql): Promise<void> {
  const text = Array.from({ length: rows }, (_, index) => `${index}\t${digest(`${index}`)}\n`).join(
    '',
  )
  await psql('CREATE TABLE copied (id int PRIMARY KEY, digest text NOT NULL)')
  await psql('COPY copied FROM STDIN', text)
  assert.equal(
    digest(await psql('COPY (SELECT * FROM copied ORDER BY id) TO STDOUT')),
    digest(text),
  )
  const wrong = 'SELECT count(*) FROM copied WHERE digest <> md5(id::text)'
  assert.equal(await psql(wrong), '0\n')
}

/** Ctrl-C in psql asks for the cancellation on a connection of its own: a second tunnel. */
async function checkCancel(scope: Scope, { person, psql, command }: Through): Promise<void> {
  const sleeping = startChild(scope, ...command('SELECT pg_sleep(60)'), person)
  sleeping.stdin.end()
  const active = `SELECT count(*) FROM pg_stat_activity
    WHERE state = 'active' AND query LIKE 'SELECT pg_sleep%'`
  while ((await psql(active)) !== '1\n');
  sleeping.signal('SIGINT')
  assert.notEqual(await sleeping.ended, 0)
  assert.match(sleeping.errors(), /canceling statement due to user request/)
  assert.equal(await psql(active), '0\n')
}

interface Through {
  readonly person: Person
  readonly psql: Psql
  /** The program and its arguments for one command. */
  command(sql: string): [string, string[]]
}

async function startThrough(scope: Scope): Promise<Through> {
  const rig = await startRig(scope, [route(target, await startPostgres(scope))])
  const person = await personAt(scope, rig, alice)
  const { port } = await person.listen(target)
  const url = `postgresql://postgres@127.0.0.1:${port}/postgres`
  const quiet = ['--no-psqlrc', '--quiet', '--tuples-only', '--no-align', '-v', 'ON_ERROR_STOP=1']
  const command = (sql: string): [string, string[]] => [program('psql'), [...quiet, url, '-c', sql]]
  return {
    person,
    command,
    psql: async (sql, input = '') =>
      (await mustRun(scope, ...command(sql), { ...person, input })).output,
  }
}

function digest(text: string): string {
  return createHash('md5').update(text).digest('hex')
}
