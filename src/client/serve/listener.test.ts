import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { SystemError } from '../../errors.ts'
import { startListener } from './listener.ts'

const loopback = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const

/** Serves a connection until it has closed. */
function untilClosed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.on('error', () => undefined).on('close', () => resolve()))
}

test('closing stops accepting, waits for the connections, and cuts them after the grace', async () => {
  const accepted: Socket[] = []
  const listener = await startListener(loopback, (socket) => {
    accepted.push(socket)
    return untilClosed(socket)
  })
  const port = Number(listener.address.split(':').at(-1))
  const socket = connect({ port, host: '127.0.0.1' }).on('error', () => undefined)
  await once(socket, 'connect')
  while (accepted.length === 0) await new Promise(setImmediate)
  const closed = once(socket, 'close')
  await Promise.all([listener.close(20), listener.close(20), closed])
  const [error] = (await once(connect({ port, host: '127.0.0.1' }), 'error')) as [
    NodeJS.ErrnoException,
  ]
  assert.equal(error.code, 'ECONNREFUSED')
})

test('a taken port is one sentence', async () => {
  const listener = await startListener(loopback, untilClosed)
  const port = Number(listener.address.split(':').at(-1))
  await assert.rejects(startListener({ ...loopback, port }, untilClosed), {
    code: 'address-in-use',
    message: `"127.0.0.1:${port}" is in use by another program`,
  })
  await listener.close(0)
})

test('an address that is not here says so', async () => {
  await assert.rejects(startListener({ ...loopback, host: '192.0.2.1' }, untilClosed), {
    code: 'cannot-listen',
    message: '"192.0.2.1:0" is not an address of this machine',
  })
})

test('a path that cannot be a socket says why, and nothing about ports', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'postern-'))
  const refusals = [
    ['x'.repeat(150), 'cannot-listen', /^the path of ".*x" is too long/],
    ['missing/socket', 'address-not-allowed', /^there is no directory for ".*socket"/],
  ] as const
  for (const [name, code, message] of refusals) {
    const path = join(directory, name)
    // oxlint-disable-next-line no-await-in-loop
    await assert.rejects(startListener({ kind: 'unix', path }, untilClosed), (error: unknown) => {
      assert.ok(error instanceof SystemError)
      assert.equal(error.code, code)
      assert.match(error.message, message)
      assert.doesNotMatch(error.hint ?? '', /port/)
      return true
    })
  }
  await rm(directory, { recursive: true })
})

test('a file that is no socket is never removed', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'postern-'))
  const path = join(directory, 'precious')
  await writeFile(path, 'data')
  await assert.rejects(startListener({ kind: 'unix', path }, untilClosed), {
    code: 'address-in-use',
  })
  await rm(directory, { recursive: true })
})
