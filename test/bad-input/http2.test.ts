import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { on } from 'node:events'
import type { Socket } from 'node:net'
import { describe } from 'node:test'
import { connectTls } from './dial.ts'
import { connectFields, endHeaders, endStream, fields, frame, number32, preface } from './frames.ts'
import { attackTest, guarded, many, open, pour, untilEnd, type Victim } from './victim.ts'

/** Cancelled by its asker (RFC 9113 §7). */
const cancel = number32(8)

/** Pours frames over one connection, reading nothing back when told so; the gateway must end it. */
async function flood(
  { rig }: Victim,
  pieces: Iterable<Buffer>,
  { isReading = true } = {},
): Promise<void> {
  const socket = await connectTls(rig, 'h2')
  const ended = isReading ? untilEnd(socket) : undefined
  await pour(socket, [preface])
  await pour(socket, pieces)
  await (ended ?? untilEnd(socket))
}

function* repeat(count: number, make: (index: number) => Buffer): Generator<Buffer> {
  // In pieces of many frames: one system call a frame would be no flood.
  const perPiece = 100
  for (let from = 0; from < count; from += perPiece)
    yield Buffer.concat(
      Array.from({ length: Math.min(perPiece, count - from) }, (_, index) => make(from + index)),
    )
}

/** Resolves when a frame of this type (RFC 9113 §6) has come. */
async function untilFrame(socket: Socket, type: number): Promise<void> {
  let bytes = Buffer.alloc(0)
  for await (const chunk of on(socket, 'data')) {
    bytes = Buffer.concat([bytes, ...(chunk as Buffer[])])
    while (bytes.length >= 9 && bytes.length >= 9 + bytes.readUIntBE(0, 3)) {
      if (bytes.readUInt8(3) === type) return
      bytes = bytes.subarray(9 + bytes.readUIntBE(0, 3))
    }
  }
}

const streamOf = (index: number): number => 2 * index + 1

describe('a gateway under bad input over HTTP/2', () => {
  attackTest('tunnels asked for and reset at once end the connection', async (victim) => {
    for (const authority of [open, guarded]) {
      const head = connectFields(authority)
      await flood(
        victim,
        repeat(20_000, (index) =>
          Buffer.concat([
            frame('headers', endHeaders, streamOf(index), head),
            frame('rstStream', 0, streamOf(index), cancel),
          ]),
        ),
      )
    }
  })

  attackTest(
    'tunnels that are ended and reset in one breath leave nothing behind',
    async (victim) => {
      const head = frame('headers', endHeaders, 1, connectFields(open))
      const both = Buffer.concat([frame('data', endStream, 1), frame('rstStream', 0, 1, cancel)])
      await many(50, async () => {
        const socket = await connectTls(victim.rig, 'h2')
        await pour(socket, [preface, head])
        // The answer of the gateway: then the tunnel is open.
        await untilFrame(socket, 1)
        await pour(socket, [both])
        const ended = untilEnd(socket)
        socket.end()
        await ended
      })
    },
  )

  attackTest('settings, pings and resets without end are cut off', async (victim) => {
    const settings = frame('settings', 0, 0, Buffer.from('000300000064', 'hex'))
    const ping = frame('ping', 0, 0, Buffer.alloc(8))
    for (const one of [settings, ping]) {
      await flood(
        victim,
        repeat(200_000, () => one),
        { isReading: false },
      )
    }
  })

  attackTest('a head that is never complete is cut off', async (victim) => {
    const some = fields([['x-a', 'b'.repeat(1_000)]])
    function* endless(): Generator<Buffer> {
      yield frame('headers', 0, 1, connectFields(open))
      yield* repeat(20_000, () => frame('continuation', 0, 1, some))
    }
    await many(5, () => flood(victim, endless()))
  })

  attackTest('a head larger than the bound opens nothing', async (victim) => {
    const heads = [
      // More fields than are taken.
      fields([
        [':method', 'CONNECT'],
        [':authority', open],
        ...Array.from({ length: 1_000 }, (_, index) => [`x-${index}`, 'y'] as const),
      ]),
      // More bytes than are taken.
      fields([
        [':method', 'CONNECT'],
        [':authority', open],
        ...Array.from({ length: 100 }, () => ['x-a', 'y'.repeat(1_000)] as const),
      ]),
    ]
    const marker = 'a head too large'
    for (const head of heads) {
      const socket = await connectTls(victim.rig, 'h2')
      const ended = untilEnd(socket)
      const first = frame('headers', 0, 1, head.subarray(0, 16_000))
      const rest = Array.from({ length: Math.ceil(head.length / 16_000) - 1 }, (_, index) =>
        frame('continuation', 0, 1, head.subarray((index + 1) * 16_000, (index + 2) * 16_000)),
      )
      await pour(socket, [
        preface,
        first,
        ...rest,
        frame('continuation', endHeaders, 1),
        frame('data', endStream, 1, Buffer.from(marker)),
      ])
      socket.end()
      await ended
    }
    assert.ok(!victim.heard().includes(marker))
  })

  attackTest('frames that make no sense end their connection', async (victim) => {
    const head = connectFields(open)
    const nonsense: readonly Buffer[] = [
      // Not the preface at all.
      Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'),
      randomBytes(4_096),
      // An even stream is the server's to open.
      Buffer.concat([preface, frame('headers', endHeaders, 2, head)]),
      // CONTINUATION without HEADERS.
      Buffer.concat([preface, frame('continuation', endHeaders, 1, head)]),
      // No window grows by nothing (RFC 9113 §6.9).
      Buffer.concat([preface, frame('windowUpdate', 0, 0, number32(0))]),
      // SETTINGS come in sixes.
      Buffer.concat([preface, frame('settings', 0, 0, Buffer.alloc(5))]),
      // Fields that no table holds.
      Buffer.concat([preface, frame('headers', endHeaders, 1, Buffer.from('ffffffff0f', 'hex'))]),
      // Larger than any frame may be.
      Buffer.concat([preface, frame('data', 0, 1, Buffer.alloc(1024 * 1024))]),
    ]
    for (const bytes of nonsense) {
      const socket = await connectTls(victim.rig, 'h2')
      const ended = untilEnd(socket)
      await pour(socket, [bytes])
      await ended
    }
  })

  attackTest('bytes of a stream that nobody opened are refused', async ({ rig }) => {
    const socket = await connectTls(rig, 'h2')
    const ended = untilEnd(socket)
    await pour(socket, [preface, frame('data', 0, 1, Buffer.from('x'))])
    // RFC 9113 §5.1 wants the first; Bun resets the stream, and goes on.
    await Promise.race([ended, untilFrame(socket, 3)])
    socket.destroy()
  })

  attackTest(
    'a malformed CONNECT is refused, and its neighbours on the connection go on',
    async (victim) => {
      const bad = [
        fields([[':method', 'CONNECT']]),
        fields([
          [':method', 'CONNECT'],
          [':authority', open],
          [':path', '/'],
          [':scheme', 'https'],
        ]),
        fields([
          [':method', 'CONNECT'],
          [':authority', open],
          [':protocol', 'websocket'],
          [':path', '/'],
          [':scheme', 'https'],
        ]),
        fields([
          [':method', 'CONNECT'],
          [':authority', open],
          ['host', guarded],
        ]),
        fields([
          [':method', 'CONNECT'],
          [':authority', open],
          [':authority', guarded],
        ]),
        fields([
          [':method', 'CONNECT'],
          [':authority', open],
          ['content-length', '5'],
        ]),
        fields([
          [':method', 'CONNECT'],
          [':authority', open],
          ['connection', 'close'],
        ]),
      ]
      const marker = 'after a bad head'
      for (const head of bad) {
        const socket = await connectTls(victim.rig, 'h2')
        const ended = untilEnd(socket)
        await pour(socket, [
          preface,
          frame('headers', endHeaders, 1, head),
          frame('data', endStream, 1, Buffer.from(marker)),
        ])
        socket.end()
        await ended
      }
      assert.ok(!victim.heard().includes(marker))
    },
  )

  attackTest(
    'a connection that says nothing, or nothing more, is closed after its time',
    async (victim) => {
      await many(50, async (index) => {
        const socket = await connectTls(victim.rig, 'h2')
        const ended = untilEnd(socket)
        if (index % 2 === 0) await pour(socket, [preface])
        if (index % 4 === 0)
          await pour(socket, [frame('headers', 0, 1, connectFields(open).subarray(0, 8))])
        await ended
      })
    },
    { timeout_idle: '1s', timeout_read: '1s' },
  )
})
