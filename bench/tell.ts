// What it costs to follow the messages of a tunnel, so that its tool can be told of a cut: CPU time of the follower alone,
// in this process, on top of what the gateway takes to move the same bytes. A route without `tell` has no follower.
import { follow } from '../src/tell/protocols/follow.ts'
import type { ToldProtocol } from '../src/tell/protocols.ts'
import type { Figures } from './measures.ts'

/** As TLS and HTTP/2 hand them on, in bytes. */
const pieceBytes = 16 * 1024
/** Made once, and followed over and over. */
const streamBytes = 4 * 1024 * 1024
const bytesPerGib = 1024 ** 3

/** A session up to where rows come, said in turns, and one row of so many bytes. */
interface Stream {
  readonly opening: readonly Said[]
  row(bytes: number, index: number): Buffer
}

export interface Said {
  readonly by: 'client' | 'service'
  readonly bytes: Buffer
}

const client = (bytes: Buffer): Said => ({ by: 'client', bytes })
const service = (bytes: Buffer): Said => ({ by: 'service', bytes })

const streams: Readonly<Record<ToldProtocol, Stream>> = {
  postgres: {
    opening: [client(Buffer.from('\0\0\0\x10\0\x03\0\0user\0a\0\0', 'latin1'))],
    row(bytes) {
      const row = Buffer.alloc(bytes)
      row.write('D')
      row.writeUInt32BE(bytes - 1, 1)
      return row
    },
  },
  mysql: {
    opening: [
      service(packet(0, `\x0a8${'\0'.repeat(15)}\x02`, 16)),
      client(packet(1, '\0\x02', 30)),
      service(packet(2, '\0\0\0\0\0\0\0')),
      client(packet(0, '\x03SELECT')),
      ...['\x01', '\x03def', '\xfe\0\0\0\0'].map((body, at) => service(packet(at + 1, body))),
    ],
    row: (bytes, index) => packet(index + 4, '\x01x', bytes - 6),
  },
  redis: {
    opening: [client(Buffer.from('SUBSCRIBE a\r\n'))],
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

export type ToldStream = (typeof toldStreams)[number]

/** How it begins, and rows for some MiB, which may come over and over. */
export function makeStream({ protocol, rowBytes }: ToldStream): {
  readonly opening: readonly Said[]
  readonly rows: Buffer
} {
  const { opening, row } = streams[protocol]
  // Sequences go round after 256.
  const count = Math.max(1, Math.floor(streamBytes / rowBytes / 256)) * 256
  const rows = Buffer.concat(Array.from({ length: count }, (_, index) => row(rowBytes, index)))
  return { opening, rows }
}

/** CPU time for each GiB. */
export function measureTelling(told: ToldStream, gib: number): Figures {
  const { opening, rows } = makeStream(told)
  const pieces: Buffer[] = []
  for (let at = 0; at < rows.length; at += pieceBytes)
    pieces.push(rows.subarray(at, at + pieceBytes))
  const follower = follow[told.protocol]()
  for (const { by, bytes } of opening)
    if (by === 'client') follower.fromClient(bytes)
    else follower.fromService(bytes)
  const wanted = gib * bytesPerGib
  const before = process.cpuUsage()
  let followed = 0
  for (; followed < wanted; followed += rows.length)
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
