import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { dial } from '../../net/dial.ts'
import { spawnProgram } from '../../program.fixture.ts'
import { launchPglite } from './pglite.ts'
import { startSamplePostgres } from './postgres.ts'

const user = 'user\0postgres\0database\0postgres\0\0'

/** StartupMessage of protocol 3.0 (https://www.postgresql.org/docs/18/protocol-message-formats.html). */
function startupMessage(): Buffer {
  const head = Buffer.alloc(8)
  head.writeInt32BE(8 + user.length, 0)
  head.writeInt32BE(196_608, 4)
  return Buffer.concat([head, Buffer.from(user)])
}

function query(sql: string): Buffer {
  const head = Buffer.from('Q\0\0\0\0')
  head.writeInt32BE(4 + sql.length + 1, 1)
  return Buffer.concat([head, Buffer.from(`${sql}\0`)])
}

/** Everything until ReadyForQuery in a transaction status of idle. */
async function untilReady(socket: Socket): Promise<string> {
  let received = ''
  while (!received.endsWith('Z\0\0\0\u0005I')) {
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    received += chunk.toString('latin1')
  }
  return received
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test('the database starts at the first connection, answers it, and is gone after closing', async (t) => {
  const progress: string[] = []
  const postgres = await startSamplePostgres({
    launch: launchPglite,
    onProgress: (text) => progress.push(text),
  })
  t.after(() => postgres.close(0))
  assert.equal(postgres.processId, undefined)
  const socket = await dial({ host: '127.0.0.1', port: postgres.port })
  socket.write(startupMessage())
  await untilReady(socket)
  socket.write(query('select count(*) from customers natural join orders'))
  assert.match(await untilReady(socket), /SELECT 1/)
  assert.deepEqual(progress, ['postgres: starting, for its first connection', 'postgres: ready'])
  const pid = postgres.processId ?? 0
  assert.ok(isAlive(pid))
  await postgres.close(0)
  assert.ok(!isAlive(pid))
})

test('closing while the database starts leaves no process', async () => {
  const postgres = await startSamplePostgres({ launch: launchPglite })
  const socket = await dial({ host: '127.0.0.1', port: postgres.port })
  while (postgres.processId === undefined) await delay(5)
  const pid = postgres.processId
  await postgres.close(0)
  socket.destroy()
  assert.ok(!isAlive(pid))
})

test('a connection that was given up before does not start the database twice', async () => {
  const progress: string[] = []
  const postgres = await startSamplePostgres({
    launch: launchPglite,
    onProgress: (text) => progress.push(text),
  })
  const address = { host: '127.0.0.1', port: postgres.port }
  const [one, two] = await Promise.all([dial(address), dial(address)])
  one.destroy()
  while (progress.length === 0) await delay(5)
  two.destroy()
  await postgres.close(0)
  assert.deepEqual(progress, ['postgres: starting, for its first connection'])
})

test('the database ends with the process it belongs to, even one that was killed', async (t) => {
  const program = `
    import { connect } from 'node:net'
    import { launchPglite } from ${JSON.stringify(new URL('pglite.ts', import.meta.url))}
    import { startSamplePostgres } from ${JSON.stringify(new URL('postgres.ts', import.meta.url))}
    const postgres = await startSamplePostgres({
      launch: launchPglite,
      onProgress: (text) => text.endsWith('ready') && process.stdout.write(String(postgres.processId)),
    })
    connect(postgres.port, '127.0.0.1')
  `
  const parent = spawnProgram(process.execPath, ['--input-type=module', '--eval', program])
  t.after(() => parent.kill('SIGKILL'))
  const [pid] = (await once(parent.stdout, 'data')) as [Buffer]
  t.after(() => isAlive(Number(pid)) && process.kill(Number(pid), 'SIGKILL'))
  parent.kill('SIGKILL')
  await once(parent, 'close')
  // Nobody tells of the end of a process that is not ours; the test's time limit is the bound.
  while (isAlive(Number(pid)) && !t.signal.aborted) await delay(20)
})
