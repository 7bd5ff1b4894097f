// Whose connection it is that came to a local port, from the kernel's tables of TCP sockets. They show
// every connection of this network namespace from both sides; the peer's own side is the row whose local
// address is our remote one.
//
// https://docs.kernel.org/networking/proc_net_tcp.html
import { open } from 'node:fs/promises'
import { isIPv6 } from 'node:net'
import { endianness } from 'node:os'
import { canonicalIPv6, unmapIPv4 } from '../address.ts'
import { SystemError, messageOf } from '../errors.ts'

/** Both ends of a connection, as our side sees them. */
export interface Ends {
  readonly localAddress: string
  readonly localPort: number
  readonly remoteAddress: string
  readonly remotePort: number
}

/** An IPv4 program and an IPv6 one may reach the same port, and stand in different tables. */
const tables = ['/proc/self/net/tcp', '/proc/self/net/tcp6'] as const

/**
 * Longest table that is read, in bytes: some 100,000 connections of one machine.
 *
 * @limit connections of a machine among which "--same-user" finds its peer: the peer is refused
 */
const maxTableBytes = 16 * 1024 * 1024

/**
 * A table is read in many steps, and a row may slip between two of them.
 *
 * @limit none: whoever is in no reading is refused, as is whoever is not there
 */
const maxReads = 3

/**
 * Of the states these alone belong to a program: ESTABLISHED, FIN_WAIT1, FIN_WAIT2 and CLOSE_WAIT
 * (tcp_states.h), and that only while the row names an inode. What nobody holds any more is shown as
 * root's: `uid` 0, and inode 0.
 */
const heldStates: ReadonlySet<string> = new Set(['01', '04', '05', '08'])

/**
 * The user id that a connection's other end runs under; undefined when no program of this machine is
 * known to hold it.
 *
 * @throws SystemError `same-user-unavailable` when the kernel's tables cannot be read
 */
export async function ownerOf(ends: Ends): Promise<number | undefined> {
  for (let reads = 0; reads < maxReads; reads += 1) {
    for (const table of await readTables()) {
      const owner = findOwner(table, ends)
      if (owner !== undefined) return owner
    }
  }
  return undefined
}

/** Looks the peer's own socket up in one table. */
export function findOwner(table: string, ends: Ends): number | undefined {
  for (const local of spellingsOf(ends.remoteAddress, ends.remotePort)) {
    for (const remote of spellingsOf(ends.localAddress, ends.localPort)) {
      const row = `: ${local} ${remote} `
      for (let at = table.indexOf(row); at >= 0; at = table.indexOf(row, at + 1)) {
        const owner = ownerOfRow(table.slice(at + row.length, table.indexOf('\n', at)))
        if (owner !== undefined) return owner
      }
    }
  }
  return undefined
}

/** What follows the addresses: `st tx:rx tr:when retransmits uid timeout inode …`. */
function ownerOfRow(rest: string): number | undefined {
  const [state = '', , , , uid = '', , inode = '0'] = rest.trim().split(/\s+/)
  return heldStates.has(state) && inode !== '0' && /^\d+$/.test(uid) ? Number(uid) : undefined
}

/** As the tables write an address: words of 32 bits in the machine's order, IPv4 also mapped into IPv6. */
function spellingsOf(address: string, port: number): string[] {
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

/** Whoever asks gets what was read after that, and all who wait meanwhile get the same. */
function readTables(): Promise<readonly string[]> {
  waiting ??= running.then(() => {
    waiting = undefined
    const reading = Promise.all(tables.map(readTable))
    running = reading.catch(() => undefined)
    return reading
  })
  return waiting
}

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
    throw new SystemError('same-user-unavailable', `cannot read "${path}": ${messageOf(error)}`, {
      hint: 'leave out "--same-user", and listen on a socket of your own: "--listen unix:PATH"',
      cause: error,
    })
  }
}
