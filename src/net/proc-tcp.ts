// The kernel's tables of TCP sockets: every connection of this network namespace, a row for each side that
// is here.
//
// https://docs.kernel.org/networking/proc_net_tcp.html
import { open } from 'node:fs/promises'
import { isIPv6, type Socket } from 'node:net'
import { endianness } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import { canonicalIPv6, unmapIPv4 } from '../address.ts'
import { inPieces } from '../in-pieces.ts'

/** Both endpoints of a connection, as our side sees them. */
export interface TcpEndpoints {
  readonly localAddress: string
  readonly localPort: number
  readonly remoteAddress: string
  readonly remotePort: number
}

/** A connection by IPv4 may stand in either table: a port of both families has its own in the second. */
const tables = ['/proc/self/net/tcp', '/proc/self/net/tcp6'] as const

/**
 * Longest table that is read, in bytes: some 100,000 connections of one machine.
 *
 * @limit connections of a machine among which "--same-user" finds its peer, and the gateway a host that
 * is gone: the peer is refused, the host is noticed when the system gives it up
 */
const maxTableBytes = 16 * 1024 * 1024

/** Undefined for what is no TCP connection, or is gone. */
export function tcpEndpointsOf(socket: Socket): TcpEndpoints | undefined {
  const { localAddress, localPort, remoteAddress, remotePort } = socket
  return localAddress === undefined ||
    localPort === undefined ||
    remoteAddress === undefined ||
    remotePort === undefined
    ? undefined
    : { localAddress, localPort, remoteAddress, remotePort }
}

/** By which the row of a connection is found, in either table. */
export function rowKeysOf(endpoints: TcpEndpoints): string[] {
  const remotes = spellingsOf(endpoints.remoteAddress, endpoints.remotePort)
  return spellingsOf(endpoints.localAddress, endpoints.localPort).map(
    (local, index) => `${local} ${remotes[index]}`,
  )
}

/** A connection's row: `LOCAL REMOTE`, and the columns behind them. */
export interface TcpRow {
  readonly key: string
  readonly rest: string
}

/** The rows of a table, without its heading. */
export function* rowsOf(table: string): Generator<TcpRow> {
  for (let at = table.indexOf('\n') + 1, end = 0; at < table.length; at = end + 1) {
    end = table.indexOf('\n', at)
    if (end < 0) return
    const local = table.indexOf(': ', at) + 2
    const after = table.indexOf(' ', table.indexOf(' ', local) + 1)
    yield { key: table.slice(local, after), rest: table.slice(after + 1, end) }
  }
}

/** What the kernel is about to send a peer. */
export interface Sending {
  /** Bytes that the peer has not acknowledged; its end counts as one. */
  readonly unacknowledged: number
  /** How often bytes, or a question about a window of 0, have been sent again since the peer's last word. */
  readonly vainAttempts: number
  /** The peer takes nothing more: its program does not read. */
  readonly isWindowShut: boolean
  /** How long it waits before it sends bytes again, in milliseconds: twice as long each time. */
  readonly timeoutMs?: number
}

/** The kernel's unit of time here: USER_HZ is 100 everywhere. */
const tickMs = 10
const retransmissionTimer = '01'
const windowTimer = '04'

/** Of a row's columns: `st tx:rx tr:when retransmits uid probes inode refs pointer timeout …`. */
export function sendingOf(rest: string): Sending {
  const [, queues = '', timers = '', retransmits = '', , probes = '', , , , timeout = ''] = rest
    .trim()
    .split(/\s+/)
  const unacknowledged = Number.parseInt(queues, 16) || 0
  const timer = timers.slice(0, 2)
  const isWindowShut = timer === windowTimer
  if (isWindowShut) return { unacknowledged, vainAttempts: Number(probes) || 0, isWindowShut }
  if (timer !== retransmissionTimer) return { unacknowledged, vainAttempts: 0, isWindowShut }
  const vainAttempts = Number.parseInt(retransmits, 16) || 0
  const timeoutMs = (Number(timeout) || 0) * tickMs
  return { unacknowledged, vainAttempts, isWindowShut, timeoutMs }
}

/** As the tables write an address: words of 32 bits in the machine's order, IPv4 also mapped into IPv6. */
export function spellingsOf(address: string, port: number): string[] {
  const plain = unmapIPv4(address.replace(/%.*$/, ''))
  const at = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  if (isIPv6(plain))
    return [wordsOf(groupsOf(plain).flatMap((group) => [group >> 8, group & 255])) + at]
  const word = wordsOf(plain.split('.').map(Number))
  return [word + at, wordsOf([...Array<number>(10).fill(0), 255, 255]) + word + at]
}

function wordsOf(bytes: readonly number[]): string {
  const buffer = Buffer.from(bytes)
  if (endianness() === 'LE') buffer.swap32()
  return buffer.toString('hex').toUpperCase()
}

function groupsOf(address: string): number[] {
  const [head = '', tail] = canonicalIPv6(address).split('::')
  const groups = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16))
  const [before, after] = [groups(head), groups(tail ?? '')]
  return [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after]
}

let running: Promise<unknown> = Promise.resolve()
let waiting: Promise<readonly string[]> | undefined

/**
 * The tables as they are now. Whoever asks gets what was read after that, and all who wait meanwhile get
 * the same. Rejects where there are none, such as on other systems than Linux.
 */
export function readTcpTables(): Promise<readonly string[]> {
  waiting ??= running.then(() => {
    waiting = undefined
    const reading = Promise.all(tables.map(readTable))
    running = reading.catch(() => undefined)
    return reading
  })
  return waiting
}

/** So much longer than a reading takes it is until the next one: at most a fifth of the time is spent on them. */
const restFactor = 4

/** What the tables say of the connection that has one of these keys, after its place; undefined where it is in none. */
export type FindRow = (keys: readonly string[]) => Promise<string | undefined>

/**
 * Finds the rows of all who ask meanwhile in one reading: there may be thousands of them, each of whom asks often, and
 * a hundred thousand rows.
 */
export function createRowFinder(readTables = readTcpTables): FindRow {
  let asking = new Map<string, (rest?: string) => void>()
  let isReading = false

  async function readOn(): Promise<void> {
    isReading = true
    while (asking.size > 0) {
      const asked = asking
      asking = new Map()
      const startedMs = performance.now()
      // Where there is no table, nothing is known.
      await look(asked).catch(() => undefined)
      for (const answer of asked.values()) answer()
      await pause(restFactor * (performance.now() - startedMs), undefined, { ref: false })
    }
    isReading = false
  }
  async function look(asked: ReadonlyMap<string, (rest: string) => void>): Promise<void> {
    for (const table of await readTables())
      await inPieces(rowsOf(table), ({ key, rest }) => asked.get(key)?.(rest))
  }

  return (keys) => {
    const { promise, resolve } = Promise.withResolvers<string | undefined>()
    for (const key of keys) asking.set(key, resolve)
    if (!isReading) void readOn()
    return promise
  }
}

/** Those of all connections of this process. */
export const findRow = createRowFinder()

/** The kernel gives a page at each step; the event loop does not wait for them. */
async function readTable(path: string): Promise<string> {
  try {
    await using file = await open(path)
    const chunks: Buffer[] = []
    let bytes = 0
    for await (const chunk of file.createReadStream({
      autoClose: false,
    }) as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      bytes += chunk.length
      if (bytes >= maxTableBytes) break
    }
    return Buffer.concat(chunks).toString('latin1')
  } catch (error) {
    // A kernel without IPv6 has no such table.
    if (path.endsWith('6') && (error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}
