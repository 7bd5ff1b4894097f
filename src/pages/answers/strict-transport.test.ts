import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { describe, test } from 'node:test'
import { startTestGateway, testCa } from '../../gateway/gateway.fixture.ts'
import { strictTransport } from './strict-transport.ts'

const name = 'strict-transport-security'
const year = 'max-age=31536000'

describe('HTTPS only', () => {
  test('is asked of a host name, whatever its case and port', () => {
    for (const host of ['gw.example.com', 'GW.example.com:8443', 'gw.example.com.', 'intranet']) {
      assert.deepEqual(strictTransport({ host }), { [name]: year }, host)
    }
    assert.deepEqual(strictTransport({ ':authority': 'gw.example.com', host: 'localhost' }), {
      [name]: year,
    })
  })

  test('is not asked of this machine, of addresses, and of what is no host', () => {
    const hosts = ['localhost', 'LOCALHOST:8443', 'localhost.', 'a.localhost:1', '127.0.0.1']
    const others = ['192.0.2.1:443', '[::1]:8443', '[2001:db8::1]', '', 'a b', 'x,y', 'a:b']
    for (const host of [...hosts, ...others]) assert.deepEqual(strictTransport({ host }), {}, host)
    assert.deepEqual(strictTransport({}), {})
  })

  test('stands on every answer over both HTTP versions, refusals too', async () => {
    await using gateway = await startTestGateway([])
    for (const path of ['/', '/healthz', '/nothing-here', '/.postern/v1/tunnel/x']) {
      for (const [host, value] of [
        ['gw.example.com', year],
        ['localhost', undefined],
      ] as const) {
        assert.equal((await get(gateway.port, path, { host }))[name], value, path)
        assert.equal((await getHttp2(gateway.port, path, host))[name], value, path)
      }
    }
  })

  test('stands on the refusal of a WebSocket', async () => {
    await using gateway = await startTestGateway([])
    const headers = {
      host: 'gw.example.com',
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
    }
    const answer = await get(gateway.port, '/.postern/v1/tunnel/a.example.com:22', headers)
    assert.equal(answer[name], year)
  })
})

async function get(port: number, path: string, headers: Record<string, string>) {
  const servername = 'localhost'
  const outgoing = request({ host: '127.0.0.1', port, path, headers, servername, ca: testCa })
  outgoing.end()
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage]
  answer.resume()
  await once(answer, 'end')
  return answer.headers
}

async function getHttp2(port: number, path: string, authority: string) {
  const session = connectHttp2(`https://127.0.0.1:${port}`, { ca: testCa, servername: 'localhost' })
  const stream = session.request({ ':path': path, ':authority': authority })
  const [headers] = (await once(stream, 'response')) as [Record<string, string>]
  stream.resume()
  await once(stream, 'close')
  session.close()
  return headers
}
