import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, test } from 'node:test'
import { exchangeHttp1, startTestGateway } from './gateway.fixture.ts'

describe('a request without "Host"', () => {
  test('over HTTP/1.0 is served, and a health check is logged as any other', async () => {
    await using gateway = await startTestGateway([])
    const answer = await exchangeHttp1(gateway.port, 'GET /healthz HTTP/1.0\r\n\r\n')
    assert.match(answer, /^HTTP\/1\.1 200 OK\r\n.*\r\n\r\nok\n$/s)
    const line = await gateway.line(({ path }) => path === '/healthz')
    assert.deepEqual([line['level'], line['response-code']], ['debug', 200])
    const page = await exchangeHttp1(gateway.port, 'GET / HTTP/1.0\r\n\r\n')
    assert.match(page, /^HTTP\/1\.1 200 OK\r\n/)
  })

  test('over HTTP/1.1 is refused in words', async () => {
    await using gateway = await startTestGateway([])
    for (const host of ['', 'Host:\r\n']) {
      const head = `GET /healthz HTTP/1.1\r\n${host}Connection: close\r\n\r\n`
      const answer = await exchangeHttp1(gateway.port, head)
      assert.match(answer, /^HTTP\/1\.1 400 .*needs a \\"Host\\" header/s)
    }
  })
})

describe('HTTP without TLS', () => {
  for (const start of ['GET /', 'POST /', 'CONNECT a.example.com:22']) {
    test(`"${start}" is answered in plain HTTP with 400 and a sentence, and logged`, async () => {
      await using gateway = await startTestGateway([])
      const socket = connect(gateway.port, '127.0.0.1')
      let answer = ''
      socket.on('data', (chunk: Buffer) => (answer += chunk.toString()))
      socket.write(`${start} HTTP/1.1\r\nHost: a.example.com\r\n\r\n`)
      await once(socket, 'close')
      assert.match(answer, /^HTTP\/1\.1 400 Bad Request\r\n/)
      assert.match(answer, /\r\n\r\nthis port speaks HTTPS.*: use an https:\/\/ address\n$/s)
      const line = await gateway.line((one) => one['response-code-details'] === 'plain_http')
      const said = [line['response-code'], line['ip'], line['error']]
      assert.deepEqual(said, [400, '127.0.0.1', 'HTTP without TLS'])
    })
  }

  test('behind a load balancer it is logged with the address that the PROXY header tells', async () => {
    const proxyProtocol = { use: true, from: undefined }
    await using gateway = await startTestGateway([], { proxyProtocol })
    const socket = connect(gateway.port, '127.0.0.1')
    socket.resume()
    socket.write(
      'PROXY TCP4 203.0.113.9 198.51.100.1 4000 443\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n',
    )
    await once(socket, 'close')
    const line = await gateway.line((one) => one['response-code-details'] === 'plain_http')
    assert.equal(line['ip'], '203.0.113.9')
  })
})
