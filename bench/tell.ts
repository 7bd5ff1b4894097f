// What it costs to follow the messages of a tunnel, so that its tool can be told of a cut: CPU time of the follower alone,
// in this process, on top of what the gateway takes to move the same bytes. A route without `tell` has no follower.
import { follow } from '../src/tell/protocols/follow.ts'
import type { Follower } from '../src/tell/follower.ts'
import type { ToldProtocol } from '../src/tell/protocols.ts'
import type { Figures } from './measures.ts'

/** As TLS and HTTP/2 hand them on, in bytes. */
const pieceBytes = 16 * 1024
/** Made once, and followed over and over. */
const streamBytes = 4 * 1024 * 1024
const bytesPerGib = 1024 ** 3

/** A session up to where rows come, and one row of so many bytes. */
interface Stream {
  begin(follower: Follower): void
  row(bytes: number, index: number): Buffer
}

const startup = Buffer.from('\0\0\0\x10\0\x03\0\0user\0a\0\0', 'latin1')

const streams: Readonly<Record<ToldProtocol, Stream>> = {
  postgres: {
    begin: (follower) => follower.fromClient(startup),
    row(bytes) {
      const row = Buffer.alloc(bytes)
      row.write('D')
      row.writeUInt32BE(bytes - 1, 1)
      return row
    },
  },
  mysql: {
    begin(follower) {
      follower.fromService(packet(0, `\x0a8${'\0'.repeat(15)}\x02`, 16))
      follower.fromClient(packet(1, '\0\x02', 30))
      follower.fromService(packet(2, '\0\0\0\0\0\0\0'))
      follower.fromClient(packet(0, '\x03SELECT'))
      for (const [at, body] of ['\x01', '\x03def', '\xfe\0\0\0\0'].entries())
        follower.fromService(packet(at + 1, body))
    },
    row: (bytes, index) => packet(index + 4, '\x01x', bytes - 6),
  },
  redis: {
    begin: (follower) => follower.fromClient(Buffer.from('SUBSCRIBE a\r\n')),
    row(bytes) {
      const length = bytes - 6 - `${bytes}`.length
      return Buffer.from(`$${length}\r\n${'x'.repeat(length)}\r\n`)
    },
  },
}

/** Followed as they are, with one row after another of so many bytes: small ones have the most heads in each GiB. */
export const toldStreams = (Object.keys(streams) as ToldProtocol[]).flatMap((protocol) =>
  [64, 1024, 64 * 1024].map((rowBytes) => ({ protocol, rowBytes })),
)

/** CPU time for each GiB. */
export function measureTelling(
  { protocol, rowBytes }: (typeof toldStreams)[number],
  gib: number,
): Figures {
  const { begin, row } = streams[protocol]
  // Sequences go round after 256.
  const rows = Math.max(1, Math.floor(streamBytes / rowBytes / 256)) * 256
  const stream = Buffer.concat(Array.from({ length: rows }, (_, index) => row(rowBytes, index)))
  const pieces: Buffer[] = []
  for (let at = 0; at < stream.length; at += pieceBytes)
    pieces.push(stream.subarray(at, at + pieceBytes))
  const follower = follow[protocol]()
  begin(follower)
  const wanted = gib * bytesPerGib
  const before = process.cpuUsage()
  let followed = 0
  for (; followed < wanted; followed += stream.length)
    for (const piece of pieces) follower.fromService(piece)
  const { user, system } = process.cpuUsage(before)
  if (follower.tell({ message: '', hint: '' }) === undefined) throw new Error('it was not followed')
  return { cpuSecondsPerGib: (user + system) / 1e6 / (followed / bytesPerGib) }
}

function packet(sequence: number, body: string, more = 0): Buffer {
  const header = Buffer.alloc(4)
  header.writeUIntLE(body.length + more, 0, 3)
  header[3] = sequence & 0xff
  return Buffer.concat([header, Buffer.from(body, 'latin1'), Buffer.alloc(more)])
}
