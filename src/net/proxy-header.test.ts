import assert from 'node:assert/strict'
import { Duplex, PassThrough } from 'node:stream'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import fc from 'fast-check'
import { readProxyHeader, type FoundHeader } from './proxy-header.ts'

const signature = '0d0a0d0a000d0a515549540a'
const ipv6Ends = '20010db800000000000000000000000920010db8000000000000000000000001c73801bb'

/** Every kind of header, by name. */
const headers: Readonly<Record<string, Buffer>> = {
  'v1 TCP4': Buffer.from('PROXY TCP4 203.0.113.9 192.0.2.1 51000 443\r\n'),
  'v1 TCP6': Buffer.from('PROXY TCP6 2001:db8::9 2001:db8::1 51000 443\r\n'),
  'v1 UNKNOWN': Buffer.from('PROXY UNKNOWN\r\n'),
  'v1 UNKNOWN with addresses': Buffer.from('PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n'),
  'v2 TCP4': Buffer.from(`${signature}2111000ccb007109c0000201c73801bb`, 'hex'),
  'v2 TCP6 with TLVs': Buffer.from(
    `${signature}21210032${ipv6Ends}040004000000000300040badcafe`,
    'hex',
  ),
  'v2 LOCAL': Buffer.from(`${signature}20000000`, 'hex'),
  'v2 LOCAL with addresses': Buffer.from(`${signature}2011000ccb007109c0000201c73801bb`, 'hex'),
  'v2 UNIX': Buffer.from(`${signature}213100d8${'2f'.repeat(216)}`, 'hex'),
  'v2 UDP4': Buffer.from(`${signature}2112000ccb007109c0000201c73801bb`, 'hex'),
}

/** What might follow: TLS, another header, or bytes that look like the rest of one. */
const payload = fc.oneof(
  fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
  fc.constantFrom(...Object.values(headers), Buffer.from('\r\n'), Buffer.from('160301', 'hex')),
)

/** A connection whose other end sends these pieces, one in each turn of the event loop, and its FIN. */
function connectionOf(pieces: readonly Buffer[]): Duplex {
  const connection = new Duplex({
    read: () => undefined,
    write: (_chunk, _encoding, done) => done(),
  })
  void (async () => {
    for (const piece of pieces) {
      if (piece.length > 0) connection.push(piece)
      await nextTurn()
    }
    connection.push(null)
  })()
  return connection
}

function cut(bytes: Buffer, at: readonly number[]): Buffer[] {
  const places = [0, ...at.map((place) => place % (bytes.length + 1)), bytes.length].toSorted(
    (a, b) => a - b,
  )
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end))
}

async function readAll(connection: Duplex): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of connection) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

async function found(pieces: readonly Buffer[]): Promise<{ header: FoundHeader; rest: Buffer }> {
  const connection = connectionOf(pieces)
  const header = await readProxyHeader(connection, 10_000)
  return { header, rest: await readAll(connection) }
}

for (const [name, header] of Object.entries(headers)) {
  test(`${name}: however it is cut, the header is known and what follows arrives whole`, async () => {
    const whole = await readProxyHeader(connectionOf([header, Buffer.from('x')]), 10_000)
    assert.ok(typeof whole === 'object')
    assert.equal(whole.lengthBytes, header.length)
    assert.equal(whole.source !== undefined, / TCP/.test(name))
    for (let at = 0; at <= header.length + 1; at += 1) {
      const bytes = Buffer.concat([header, Buffer.from('xy')])
      const { header: same, rest } = await found([bytes.subarray(0, at), bytes.subarray(at)])
      assert.deepEqual([same, rest.toString()], [whole, 'xy'], `cut at ${at}`)
    }
    const cuts = fc.array(fc.nat(1000), { maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(payload, cuts, async (following, places) => {
        const { header: same, rest } = await found(cut(Buffer.concat([header, following]), places))
        assert.deepEqual(same, whole)
        assert.deepEqual(rest, following)
      }),
      { numRuns: 100 },
    )
  })

  test(`${name}: one that ends within it is lost`, async () => {
    for (let at = 0; at < header.length; at += 1) {
      const connection = connectionOf([header.subarray(0, at)])
      assert.equal(await readProxyHeader(connection, 10_000), 'lost', `ended at ${at}`)
    }
  })
}

test('a connection that begins with something else keeps all of it, however it is cut', async () => {
  const notHeader = fc
    .uint8Array({ minLength: 1, maxLength: 40 })
    .map((bytes) => Buffer.from(bytes))
    .filter((bytes) => bytes[0] !== 0x50 && bytes[0] !== 0x0d)
  const almost = fc
    .constantFrom('PROXX ', 'PRI * HTTP/2.0\r\n', '\r\n\r\n\0\r\nQUIT\r')
    .map((text) => Buffer.from(text, 'latin1'))
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(notHeader, almost),
      fc.array(fc.nat(40), { maxLength: 5 }),
      async (bytes, places) => {
        const { header, rest } = await found(cut(bytes, places))
        assert.equal(header, 'absent')
        assert.deepEqual(rest, bytes)
      },
    ),
    { numRuns: 300 },
  )
})

test('a header that trickles in is waited for until the time is over, not from byte to byte', async () => {
  const connection = new PassThrough()
  const trickle = setInterval(() => connection.write('P'), 20)
  connection.write('PROXY UNKNOWN ')
  assert.equal(await readProxyHeader(connection, 100), 'late')
  assert.equal(await readProxyHeader(new PassThrough(), 100), 'late')
  clearInterval(trickle)
})
