import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { dial } from '../../net/dial.ts'
import { runProgramSync, spawnProgram } from '../../program.fixture.ts'
import { launchPglite } from './pglite.ts'
import { startSamplePostgres, type Launched } from './postgres.ts'

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
  const launched = Promise.withResolvers<Launched>()
  const launch = (): Launched => {
    const database = launchPglite()
    launched.resolve(database)
    return database
  }
  const postgres = await startSamplePostgres({ launch })
  const socket = await dial({ host: '127.0.0.1', port: postgres.port })
  const { pid = 0 } = (await launched.promise).child
  assert.ok(isAlive(pid))
  await postgres.close(0)
  socket.destroy()
  assert.ok(!isAlive(pid))
})

test('a connection that was given up before does not start the database twice', async () => {
  const progress: string[] = []
  const began = Promise.withResolvers<void>()
  const postgres = await startSamplePostgres({
    launch: launchPglite,
    onProgress(text) {
      progress.push(text)
      began.resolve()
    },
  })
  const address = { host: '127.0.0.1', port: postgres.port }
  const [one, two] = await Promise.all([dial(address), dial(address)])
  one.destroy()
  await began.promise
  two.destroy()
  await postgres.close(0)
  assert.deepEqual(progress, ['postgres: starting, for its first connection'])
})

test('the database ends with the process it belongs to, even one that was killed', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-pglite-'))
  t.after(() => rmSync(folder, { recursive: true }))
  // Nobody tells of the end of a process that is not ours, but it holds a pipe that it knows nothing of.
  const [held, holder] = [join(folder, 'held'), join(folder, 'holder')]
  runProgramSync('mkfifo', [held])
  writeFileSync(holder, `#!/bin/sh\nexec '${process.execPath}' "$@" 9<>'${held}'\n`, {
    mode: 0o755,
  })
  const program = `
    import { connect } from 'node:net'
    import { launchPglite } from ${JSON.stringify(new URL('pglite.ts', import.meta.url))}
    import { startSamplePostgres } from ${JSON.stringify(new URL('postgres.ts', import.meta.url))}
    process.execPath = ${JSON.stringify(holder)}
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
  const pipe = createReadStream(held)
  await once(pipe, 'open')
  parent.kill('SIGKILL')
  await once(pipe.resume(), 'end', { signal: t.signal })
})
