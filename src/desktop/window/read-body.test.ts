import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { test } from 'node:test'
import { readBody } from './read-body.ts'
import { Refusal } from './refusal.ts'

test('a body whose sender goes away is no failure of ours', async (t) => {
  const outcome = Promise.withResolvers<unknown>()
  const server = createServer((request) => {
    // It is being read when the connection ends.
    request.once('data', () => socket.destroy())
    readBody(request, 100).then(outcome.resolve, outcome.resolve)
  })
  t.after(() => server.close())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf')
  const found = await outcome.promise
  assert.ok(found instanceof Refusal, String(found))
  assert.equal(found.status, 400)
})
