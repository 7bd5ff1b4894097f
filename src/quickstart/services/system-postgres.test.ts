import assert from 'node:assert/strict'
import { once } from 'node:events'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  watch,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { runProgram, spawnProgram } from '../../program.fixture.ts'
import { findPostgres } from './system-postgres.ts'

const isCi = process.env['CI'] === 'true'
const path = process.env['PATH'] ?? ''
/** Whom root becomes: `postgres` refuses root. */
const nobody = 65_534

test('a directory needs both programs, and root gets none', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'find-postgres-'))
  t.after(() => rmSync(folder, { recursive: true }))
  for (const name of ['half', 'whole']) mkdirSync(join(folder, name))
  for (const name of ['half/initdb', 'whole/initdb', 'whole/postgres'])
    writeFileSync(join(folder, name), '', { mode: 0o755 })
  const asPerson = (uid: number): string | undefined =>
    findPostgres(`${join(folder, 'half')}:${join(folder, 'whole')}`, () => uid)
  assert.equal(asPerson(1000), join(folder, 'whole'))
  assert.equal(asPerson(0), undefined)
})

/** Starts one in a process that has no rights of root's, and answers where it listens and its folder. */
async function start(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'system-postgres-'))
  chmodSync(folder, 0o777)
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const file = (name: string): string => JSON.stringify(new URL(name, import.meta.url))
  const program = `
    import { findPostgres, launchSystemPostgres } from ${file('system-postgres.ts')}
    import { startSamplePostgres } from ${file('postgres.ts')}
    if (process.getuid() === 0) {
      process.setgroups([])
      process.setgid(${nobody})
      process.setuid(${nobody})
    }
    const programs = findPostgres(process.env.PATH)
    const postgres = await startSamplePostgres({ launch: () => launchSystemPostgres(programs) })
    process.stdout.write(String(postgres.port))
    process.on('SIGINT', () => undefined)
    process.stdin.on('end', () => void postgres.close(0).then(() => process.stdout.write('closed'))).resume()
  `
  const env = { TMPDIR: folder, PATH: path }
  const parent = spawnProgram(process.execPath, ['--input-type=module', '--eval', program], { env })
  parent.stderr.pipe(process.stderr)
  t.after(() => parent.kill('SIGKILL'))
  const [port] = (await once(parent.stdout, 'data')) as [Buffer]
  const query = (sql: string, user = 'demo') =>
    runProgram('psql', [
      '-At',
      `host=127.0.0.1 port=${port.toString()} user=${user} dbname=postgres`,
      '-c',
      sql,
    ])
  return { parent, folder, query }
}

const missing = findPostgres(path, () => 1) === undefined && 'no PostgreSQL on this machine'
if (isCi) assert.equal(missing, false)

test('the sample has its rows, and nobody may do more with it', { skip: missing }, async (t) => {
  const { parent, folder, query } = await start(t)
  assert.equal(
    (await query('select name from customers order by id limit 2')).stdout,
    'Ada\nGrace\n',
  )
  const superuser = await query('select 1', 'postgres')
  assert.match(superuser.stderr, /no pg_hba\.conf entry/)
  assert.match((await query(`copy (select 1) to program 'id'`)).stderr, /must be superuser/)
  const [place = ''] = readdirSync(folder)
  assert.match(place, /^postern-pg-/)
  parent.stdin.end()
  const [said] = (await once(parent.stdout, 'data')) as [Buffer]
  assert.equal(said.toString(), 'closed')
  assert.deepEqual(readdirSync(folder), [])
})

test(
  'a Ctrl-C, which all programs of a terminal get, leaves nothing',
  { skip: missing },
  async (t) => {
    const { parent, folder, query } = await start(t)
    assert.equal((await query('select 1')).stdout, '1\n')
    process.kill(-(parent.pid ?? 0), 'SIGINT')
    parent.stdin.end()
    const [said] = (await once(parent.stdout, 'data')) as [Buffer]
    assert.equal(said.toString(), 'closed')
    assert.deepEqual(readdirSync(folder), [])
  },
)

test('it is gone with its process, even one that was killed', { skip: missing }, async (t) => {
  const { parent, folder, query } = await start(t)
  assert.equal((await query('select 1')).stdout, '1\n')
  // Nobody tells of the end of a process that is not ours: the last thing it does is to remove its folder.
  const watcher = watch(folder)
  t.after(() => watcher.close())
  parent.kill('SIGKILL')
  while (readdirSync(folder).length > 0) await once(watcher, 'change', { signal: t.signal })
})
