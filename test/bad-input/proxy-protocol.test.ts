import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { encodeProxyHeader } from '../../src/net/proxy-protocol.ts'
import { connectPlain, connectTls } from './dial.ts'
import { attackTest, inTurns, many, open, pour, untilEnd, type Victim } from './victim.ts'

/** Everybody here is an edge that may send a header. */
const settings = { use_proxy_protocol: true, proxy_protocol_from: ['127.0.0.1'] }
const optional = { ...settings, use_proxy_protocol: 'optional' }

const destination = { host: '192.0.2.1', port: 443 }
const neighbours = encodeProxyHeader('v1', {
  source: { host: '198.51.100.7', port: 40_000 },
  destination,
})

/** A header of version 2: its command, family, addresses and what follows them (specification §2.2). */
function version2(command: number, family: number, addresses: string, tlvs: Buffer): Buffer {
  const payload = Buffer.concat([Buffer.from(addresses, 'hex'), tlvs])
  const fixed = Buffer.from('0d0a0d0a000d0a515549540a00000000', 'hex')
  fixed.writeUInt8(0x20 | command, 12)
  fixed.writeUInt8(family, 13)
  fixed.writeUInt16BE(payload.length, 14)
  return Buffer.concat([fixed, payload])
}

/** One TLV of so many bytes in all (§2.2.1): `PP2_TYPE_NOOP`. */
function tlv(bytes: number): Buffer {
  const head = Buffer.from([0x04, 0, 0])
  head.writeUInt16BE(bytes - 3, 1)
  return Buffer.concat([head, Buffer.alloc(bytes - 3, 0xee)])
}

const none = Buffer.alloc(0)
const ports = 'c35001bb'
const ipv4 = `cb007109c0000201${ports}`
const ipv6 = `20010db800070000000000000000000920010db8000000000000000000000001${ports}`

/** Every kind of header, and the address that each tells. */
const headers: Readonly<Record<string, readonly [bytes: Buffer, ip: string]>> = {
  'v1, TCP4': [Buffer.from('PROXY TCP4 203.0.113.9 192.0.2.1 50000 443\r\n'), '203.0.113.9'],
  'v1, TCP6': [Buffer.from('PROXY TCP6 2001:db8:7::9 2001:db8::1 50000 443\r\n'), '2001:db8:7::9'],
  'v1, UNKNOWN': [Buffer.from('PROXY UNKNOWN\r\n'), '127.0.0.1'],
  'v1, UNKNOWN with more': [Buffer.from('PROXY UNKNOWN ffff:f...f 1 2\r\n'), '127.0.0.1'],
  'v2, TCP4': [version2(1, 0x11, ipv4, none), '203.0.113.9'],
  'v2, TCP4 with TLVs': [version2(1, 0x11, ipv4, Buffer.concat([tlv(9), tlv(30)])), '203.0.113.9'],
  'v2, TCP6 with TLVs': [version2(1, 0x21, ipv6, tlv(20)), '2001:db8:7::9'],
  'v2, LOCAL': [version2(0, 0x00, '', none), '127.0.0.1'],
  'v2, LOCAL with addresses and TLVs': [version2(0, 0x11, ipv4, tlv(12)), '127.0.0.1'],
  'v2, UDP': [version2(1, 0x12, ipv4, none), '127.0.0.1'],
  'v2, UNSPEC': [version2(1, 0x00, '', tlv(8)), '127.0.0.1'],
}

/** What is no header of either version, and no beginning of one that could still be completed. */
const broken: readonly Buffer[] = [
  Buffer.from('PROXY TCP4 203.0.113.9 192.0.2.1 50000\r\n'),
  Buffer.from('PROXY TCP4 203.0.113.9 192.0.2.1 50000 65536\r\n'),
  Buffer.from('PROXY TCP4 203.0.113.9 192.0.2.1 50000 443 more\r\n'),
  Buffer.from('PROXY TCP4 203.0.113.999 192.0.2.1 50000 443\r\n'),
  Buffer.from('PROXY TCP4 2001:db8::9 192.0.2.1 50000 443\r\n'),
  Buffer.from('PROXY TCP6 fe80::1%lo 2001:db8::1 50000 443\r\n'),
  Buffer.from('PROXY TCP5 203.0.113.9 192.0.2.1 50000 443\r\n'),
  Buffer.from('PROXY  TCP4 203.0.113.9 192.0.2.1 50000 443\r\n'),
  Buffer.from('PROXY \r\n'),
  Buffer.from(`PROXY UNKNOWN ${'x'.repeat(100_000)}`),
  Buffer.from(`PROXY TCP4 203.0.113.9 192.0.2.1 ${'0'.repeat(200)}50000 443\r\n`),
  // Version 1, version 3, a command that is none, addresses that are not all there.
  Buffer.from('0d0a0d0a000d0a515549540a11110000', 'hex'),
  Buffer.from('0d0a0d0a000d0a515549540a31110000', 'hex'),
  version2(2, 0x11, ipv4, none),
  version2(1, 0x11, ipv4.slice(0, -2), none),
  version2(1, 0x21, ipv4, none),
  // As long as the field can say, and one more than is taken.
  version2(1, 0x11, ipv4, tlv(65_535 - 12)),
  version2(1, 0x11, ipv4, tlv(16_384 - 12 + 1)),
]

const connectHead = `CONNECT ${open} HTTP/1.1\r\nHost: ${open}\r\n`

/** Says these bytes and ends; answers what came back, which is nothing unless TLS was begun. */
async function say(
  { rig }: Victim,
  bytes: Buffer,
  end: 'close' | 'reset' | 'stay',
): Promise<string> {
  const socket = await connectPlain(rig)
  const answer = untilEnd(socket)
  await pour(socket, bytes.length === 0 ? [] : [bytes])
  if (end === 'close') socket.end()
  if (end === 'reset') socket.resetAndDestroy()
  return answer
}

/** Opens a tunnel behind a header; answers the status and the address that the log has. */
async function tunnel(
  { rig }: Victim,
  before: readonly Buffer[],
): Promise<{ status: string; ip: unknown }> {
  const socket = await connectTls(rig, 'http/1.1', before)
  const name = crypto.randomUUID()
  const answer = untilEnd(socket)
  socket.end(`${connectHead}User-Agent: ${name}\r\n\r\n`)
  const status = (await answer).slice(9, 12)
  const line = await rig.lines.first((it) => it['user-agent'] === name && it['ended'] !== undefined)
  return { status, ip: line['ip'] }
}

/** Those where what was left open has been waited for. */
const waited = new WeakSet<Victim>()

// Each has a gateway of its own, and waits most of the time.
describe('bad input before TLS', { concurrency: true }, () => {
  for (const [mode, chosen] of [
    ['must come', settings],
    ['may come', optional],
  ] as const)
    attackBy(mode, chosen)
})

function attackBy(mode: string, chosen: Readonly<Record<string, unknown>>): void {
  describe(`a gateway to which a PROXY header ${mode}`, { concurrency: 1 }, () => {
    attackTest(
      'says nothing to a header that is cut off anywhere, and lets go of it',
      async (victim) => {
        const cuts = Object.values(headers).flatMap(([bytes]) =>
          Array.from({ length: bytes.length }, (_, length) => bytes.subarray(0, length)),
        )
        await inTurns(cuts, async (bytes) => {
          assert.equal(await say(victim, bytes, 'close'), '')
          assert.equal(await say(victim, bytes, 'reset'), '')
        })
        if (waited.has(victim)) return
        waited.add(victim)
        // Left open, it is closed after its time: 15 s, which once is enough to see.
        const all = Object.values(headers).flatMap(([bytes]) => [
          none,
          bytes.subarray(0, 1),
          bytes.subarray(0, -1),
        ])
        await Promise.all(
          all.map(async (bytes) => assert.equal(await say(victim, bytes, 'stay'), '')),
        )
      },
      chosen,
      [neighbours],
    )

    attackTest(
      'knows the address however a whole header is cut',
      async (victim) => {
        for (const [name, [bytes, ip]] of Object.entries(headers)) {
          const places = Array.from({ length: bytes.length - 1 }, (_, index) => index + 1)
          const some = places.filter((place) => place % 4 === 1 || place > bytes.length - 3)
          await inTurns([0, ...some], async (place) => {
            const pieces = [bytes.subarray(0, place), bytes.subarray(place)]
            const found = await tunnel(victim, place === 0 ? [bytes] : pieces)
            assert.deepEqual(found, { status: '200', ip }, `${name}, cut at ${place}`)
          })
        }
        const long = version2(1, 0x11, ipv4, tlv(16_384 - 12))
        const pieces = [long.subarray(0, 20), long.subarray(20, 9_000), long.subarray(9_000)]
        assert.deepEqual(await tunnel(victim, pieces), { status: '200', ip: '203.0.113.9' })
      },
      chosen,
      [neighbours],
    )

    attackTest(
      'closes what is no header, and what is none behind one',
      async (victim) => {
        for (const bytes of broken) assert.equal(await say(victim, bytes, 'stay'), '')
        const [whole = none] = headers['v1, TCP4'] ?? []
        const behind = [
          whole,
          neighbours,
          Buffer.from(`${connectHead}\r\n`),
          Buffer.alloc(100_000, 'x'),
          // A record that announces more than it has.
          Buffer.from('160301ffff', 'hex'),
        ]
        for (const bytes of behind) {
          // A TLS alert at the most, or to plain HTTP one sentence: neither names anybody's service.
          const answer = await say(victim, Buffer.concat([whole, bytes]), 'close')
          assert.ok(answer.length <= 7 || answer.includes('this port speaks HTTPS'), answer)
        }
        await many(200, async (index) => {
          await say(victim, broken[index % broken.length] ?? none, 'stay')
        })
        // Said, and not as often as it happened.
        const refused = victim.rig.lines.all(({ message }) => message === 'connection refused')
        assert.ok(refused.length > 0 && refused.length <= 40, String(refused.length))
      },
      chosen,
      [neighbours],
    )
  })
}
