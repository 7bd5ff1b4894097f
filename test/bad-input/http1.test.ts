import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { connectPlain, connectTls } from './dial.ts'
import { attackTest, guarded, many, open, pour, untilEnd } from './victim.ts'
import type { Victim } from './victim.ts'

/** Sends bytes over HTTP/1.1 and answers what came back until the end. */
async function send({ rig }: Victim, ...pieces: readonly (string | Buffer)[]): Promise<string> {
  const socket = await connectTls(rig, 'http/1.1')
  const answer = untilEnd(socket)
  await pour(socket, pieces)
  return answer
}

function statusOf(answer: string): number {
  return Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1] ?? 0)
}

const host = `Host: ${open}`

/** Heads that no well-meaning client sends, and what each is answered. */
const heads: Readonly<Record<string, readonly [head: string, status: number]>> = {
  'no target': [`CONNECT  HTTP/1.1\r\n${host}\r\n\r\n`, 400],
  'a path as target': [`CONNECT / HTTP/1.1\r\nHost: /\r\n\r\n`, 400],
  'a URL as target': [`CONNECT https://${open}/ HTTP/1.1\r\n${host}\r\n\r\n`, 400],
  'no port': ['CONNECT open.example.com HTTP/1.1\r\nHost: open.example.com\r\n\r\n', 400],
  'port 0': ['CONNECT open.example.com:0 HTTP/1.1\r\nHost: open.example.com:0\r\n\r\n', 400],
  'a port too large': [
    'CONNECT open.example.com:65543 HTTP/1.1\r\nHost: open.example.com:65543\r\n\r\n',
    400,
  ],
  'user information': [`CONNECT a@${open} HTTP/1.1\r\nHost: a@${open}\r\n\r\n`, 400],
  'a zero byte in the target': [`CONNECT open.example.com\0:7 HTTP/1.1\r\n${host}\r\n\r\n`, 400],
  'another Host': [`CONNECT ${open} HTTP/1.1\r\nHost: ${guarded}\r\n\r\n`, 400],
  'two Hosts': [`CONNECT ${open} HTTP/1.1\r\n${host}\r\n${host}\r\n\r\n`, 400],
  'no Host': [`CONNECT ${open} HTTP/1.1\r\n\r\n`, 400],
  'a content length': [
    `CONNECT ${open} HTTP/1.1\r\n${host}\r\nContent-Length: 5\r\n\r\nhello`,
    400,
  ],
  'two content lengths': [
    `CONNECT ${open} HTTP/1.1\r\n${host}\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n`,
    400,
  ],
  'a transfer coding': [
    `CONNECT ${open} HTTP/1.1\r\n${host}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    400,
  ],
  'a space before the colon': [`CONNECT ${open} HTTP/1.1\r\nHost : ${open}\r\n\r\n`, 400],
  'a folded header': [`CONNECT ${open} HTTP/1.1\r\n${host}\r\nX-A: b\r\n c\r\n\r\n`, 400],
  'bare line feeds': [`CONNECT ${open} HTTP/1.1\n${host}\n\n`, 400],
  'a bare carriage return': [`CONNECT ${open} HTTP/1.1\r\n${host}\rX: y\r\n\r\n`, 400],
  'a zero byte in a header': [`CONNECT ${open} HTTP/1.1\r\n${host}\r\nX-A: b\0c\r\n\r\n`, 400],
  'an unknown version': [`CONNECT ${open} HTTP/3.7\r\n${host}\r\n\r\n`, 400],
  'an unknown method': [`TUNNEL ${open} HTTP/1.1\r\n${host}\r\n\r\n`, 400],
  'no HTTP at all': ['SSH-2.0-OpenSSH_9.2\r\n', 400],
  'bytes at random': ['\x00\xff\x13\x37\r\n\r\n\r\n', 400],
}

describe('a gateway under bad input over HTTP/1.1', () => {
  attackTest('malformed heads are answered one by one, and open nothing', async (victim) => {
    const reports: string[] = []
    for (const [name, [head, status]] of Object.entries(heads)) {
      const answer = await send(victim, head)
      const answers = answer.split(/HTTP\/1\.1 \d{3} /).length - 1
      if (statusOf(answer) !== status || answers !== 1)
        reports.push(`${name}: ${answers} answers, ${answer.slice(0, 40)}`)
    }
    assert.deepEqual(reports, [])
    await many(100, () => send(victim, heads['two Hosts']?.[0] ?? ''))
  })

  attackTest('heads larger than the bound are cut off at it', async (victim) => {
    const filler = Buffer.alloc(16 * 1024, 'a')
    const endless = Array.from({ length: 256 }, () => filler)
    const large = await send(victim, `CONNECT ${open} HTTP/1.1\r\n${host}\r\nX-A: `, ...endless)
    assert.equal(statusOf(large), 431)
    const longTarget = await send(victim, 'CONNECT ', ...endless)
    assert.ok([400, 431].includes(statusOf(longTarget)), longTarget.slice(0, 40))
    const fields = 'X: y\r\n'.repeat(1_000)
    const numerous = await send(victim, `CONNECT ${open} HTTP/1.1\r\n${host}\r\n${fields}\r\n`)
    assert.equal(statusOf(numerous), 431)
    await many(20, () => send(victim, `CONNECT ${open} HTTP/1.1\r\n${host}\r\nX-A: `, ...endless))
  })

  attackTest(
    'senders that take their time are sent away, however many',
    async ({ rig }) => {
      await many(200, async () => {
        const socket = await connectTls(rig, 'http/1.1')
        const answer = untilEnd(socket)
        const ending = new AbortController()
        socket.once('close', () => ending.abort()).once('end', () => ending.abort())
        const drip = async (): Promise<void> => {
          for (const letter of `CONNECT ${open} HTTP/1.1\r\n${host}\r\nX-Slow: ${'z'.repeat(400)}`) {
            socket.write(letter)
            await wait(100, undefined, { signal: ending.signal })
          }
        }
        await drip().catch(() => undefined)
        assert.equal(statusOf(await answer), 408)
      })
    },
    { timeout_read: '1s' },
  )

  attackTest(
    'TLS without HTTP is closed after its time',
    async ({ rig }) => {
      await many(100, async () => {
        const answer = await untilEnd(await connectTls(rig, 'http/1.1'))
        assert.ok([0, 408].includes(statusOf(answer)), answer.slice(0, 40))
      })
    },
    { timeout_read: '1s' },
  )

  attackTest('HTTP without TLS is turned away', async ({ rig }) => {
    await many(100, async () => {
      const socket = await connectPlain(rig)
      socket.write(`CONNECT ${open} HTTP/1.1\r\n${host}\r\n\r\n`)
      assert.match(await untilEnd(socket), /^HTTP\/1\.1 400 .*this port speaks HTTPS/s)
    })
  })

  attackTest('a TLS handshake that is never finished is given up', async ({ rig }) => {
    // The head of a record that announces 512 bytes of ClientHello (RFC 8446 §5.1).
    const begun = Buffer.from('160301020001', 'hex')
    await many(200, async () => {
      const socket = await connectPlain(rig)
      socket.write(begun)
      socket.end()
      await untilEnd(socket)
    })
  })
})
