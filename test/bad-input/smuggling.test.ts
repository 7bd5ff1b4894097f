import assert from 'node:assert/strict'
import { describe } from 'node:test'
import fc from 'fast-check'
import { connectTls } from './dial.ts'
import { attackTest, guarded, open, pour, untilEnd, type Victim } from './victim.ts'

/** A request that must never be served when it comes behind another one's head. */
const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n'

async function exchange(
  { rig }: Victim,
  bytes: string,
  cuts: readonly number[] = [],
): Promise<string> {
  const socket = await connectTls(rig, 'http/1.1')
  const answer = untilEnd(socket)
  const places = [0, ...cuts.map((cut) => cut % bytes.length).sort((a, b) => a - b), bytes.length]
  const pieces = places.slice(1).map((to, index) => bytes.slice(places[index], to))
  await pour(
    socket,
    pieces.map((piece) => Buffer.from(piece, 'latin1')),
  )
  socket.end()
  return answer
}

/** How many answers there are, and whether the smuggled request's path was served. */
function check({ rig }: Victim, answer: string): void {
  const answers = answer.split(/HTTP\/1\.1 \d{3} /).length - 1
  assert.ok(answers <= 1, `${answers} answers: ${answer}`)
  assert.deepEqual(
    rig.lines.all(({ path }) => path === '/smuggled'),
    [],
  )
}

describe('bytes behind the head of a CONNECT', () => {
  attackTest('go to the service when it was let through, and nowhere else', async (victim) => {
    const bytes = `CONNECT ${open} HTTP/1.1\r\nHost: ${open}\r\n\r\n${smuggled}`
    for (let cut = 1; cut < bytes.length; cut += 7) {
      const answer = await exchange(victim, bytes, [cut])
      assert.match(answer, /^HTTP\/1\.1 200 /)
      assert.ok(answer.endsWith(`\r\n\r\n${smuggled}`), answer)
      check(victim, answer)
    }
  })

  attackTest('are dropped when it was refused', async (victim) => {
    const before = victim.heard()
    for (const [authority, status] of [
      [guarded, 302],
      ['nowhere.example.com:7', 404],
    ] as const) {
      const bytes = `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n${smuggled}`
      for (let cut = 1; cut < bytes.length; cut += 7) {
        const answer = await exchange(victim, bytes, [cut])
        assert.ok(answer.startsWith(`HTTP/1.1 ${status} `), answer)
        check(victim, answer)
      }
    }
    assert.ok(!victim.heard().slice(before.length).includes('smuggled'))
  })

  attackTest('stay behind it however the head is bent', async (victim) => {
    const headers = [
      'Content-Length: 0',
      `Content-Length: ${smuggled.length}`,
      'Transfer-Encoding: chunked',
      'Transfer-Encoding : chunked',
      'Transfer-Encoding: \x0bchunked',
      'Connection: keep-alive',
      'Connection: close',
      'Expect: 100-continue',
      'Upgrade: websocket',
      'Upgrade: h2c',
      'X-A: b\r\n\tc',
      `Host: ${guarded}`,
      'Host: localhost',
    ]
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(open, guarded, 'nowhere.example.com:7'),
        fc.subarray(headers),
        fc.constantFrom('HTTP/1.1', 'HTTP/1.0'),
        fc.constantFrom('\r\n', '\n'),
        fc.array(fc.nat(400), { maxLength: 3 }),
        async (authority, chosen, version, newline, cuts) => {
          const lines = [`CONNECT ${authority} ${version}`, `Host: ${authority}`, ...chosen]
          const bytes = `${lines.join(newline)}${newline}${newline}${smuggled}`
          check(victim, await exchange(victim, bytes, cuts))
        },
      ),
      { numRuns: 150 },
    )
  })

  attackTest('of a page that came first open no tunnel while it is answered', async (victim) => {
    const bytes = `GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nCONNECT ${guarded} HTTP/1.1\r\nHost: ${guarded}\r\n\r\n`
    for (const cut of [10, 41, 60]) {
      const answer = await exchange(victim, bytes, [cut])
      assert.ok(
        !/HTTP\/1\.1 200 OK\r\nx-request-id: [^\r]*\r\npostern-tunnel: /.test(answer),
        answer,
      )
    }
  })
})
