import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { describe } from 'node:test'
import { peerTest } from './peers.ts'
import { personAt } from './person.ts'
import { alice, route, startRig } from './rig.ts'
import type { Scope } from './scope.ts'
import { echo, startService } from './services.ts'

describe('traces', () => {
  peerTest('tell a collector of a sign-in and its tunnel, step by step', [], async (scope) => {
    const collector = await startCollector(scope)
    const service = await startService(scope, echo)
    const rig = await startRig(scope, [route('db.example.com:5432', service, [alice])], {
      otel_exporter_otlp_endpoint: collector.url,
      otel_bsp_schedule_delay: '1s',
    })
    const person = await personAt(scope, rig, alice)
    assert.equal((await person.pipe('db.example.com:5432', 'hello')).output, 'hello')
    await collector.told('relay')
    for (const name of ['ask for the sign-in', 'exchange code', 'read claims', 'identify'])
      await collector.told(name)
    for (const text of ['tunnel', 'open upstream', alice, 'db.example.com:5432', 'postern-gateway'])
      await collector.told(text)
    const line = await rig.lines.first(({ method }) => method === 'CONNECT')
    await collector.told(String(line['request-id']))
  })
})

/** Takes traces, and waits for words in them: text is written as it is in protobuf. */
async function startCollector(scope: Scope) {
  let taken = ''
  const waiting = new Set<() => void>()
  const server = createServer((request, response) => {
    void buffer(request).then((body) => {
      if (request.url === '/v1/traces') taken += body.toString('latin1')
      response.end()
      for (const look of waiting) look()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  scope.defer(() => {
    server.close()
    server.closeAllConnections()
  })
  const told = (text: string): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!taken.includes(text)) return
        waiting.delete(look)
        resolve()
      }
      waiting.add(look)
      look()
    })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, told }
}
