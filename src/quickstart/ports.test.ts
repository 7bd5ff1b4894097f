import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { createPortChooser, portError, requireFreePort } from './ports.ts'

async function occupy(t: TestContext, host: string): Promise<number> {
  const server = createServer().listen({ host, port: 0 })
  await once(server, 'listening')
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}

test('a port in use is named, with how to choose another', async (t) => {
  for (const host of ['127.0.0.1', '::1']) {
    const port = await occupy(t, host)
    await assert.rejects(requireFreePort(port), {
      code: 'address-in-use',
      message: `port ${port} is in use by another program`,
      hint: 'choose another one, as by "--port 9443"; "--port 0" takes any that is free',
    })
  }
})

test('0 answers a port that is free', async () => {
  const port = await requireFreePort(0)
  assert.equal(await requireFreePort(port), port)
})

test('a port of the system and any other failure are one sentence too', () => {
  const denied = Object.assign(new Error('listen EACCES'), { code: 'EACCES' })
  assert.equal(portError(80, denied).message, 'port 80 is reserved for the system')
  assert.equal(portError(1, new Error('odd')).message, 'cannot listen on port 1: odd')
})

test('a preferred port is taken once, and not when another program has it', async (t) => {
  const choose = createPortChooser()
  const free = await requireFreePort(0)
  assert.equal(await choose(free), free)
  assert.notEqual(await choose(free), free)
  const taken = await occupy(t, '127.0.0.1')
  assert.notEqual(await choose(taken), taken)
})
