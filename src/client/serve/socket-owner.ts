// Whose connection it is that came to a local port, from the kernel's tables of TCP sockets. They show
// every connection of this network namespace from both sides; the peer's own side is the row whose local
// address is our remote one.
import { SystemError, messageOf } from '../../errors.ts'
import { readTcpTables, spellingsOf, type TcpEndpoints } from '../../net/proc-tcp.ts'

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
export async function ownerOf(endpoints: TcpEndpoints): Promise<number | undefined> {
  for (let reads = 0; reads < maxReads; reads += 1) {
    for (const table of await readTables()) {
      const owner = findOwner(table, endpoints)
      if (owner !== undefined) return owner
    }
  }
  return undefined
}

/** Looks the peer's own socket up in one table. */
export function findOwner(table: string, endpoints: TcpEndpoints): number | undefined {
  for (const local of spellingsOf(endpoints.remoteAddress, endpoints.remotePort)) {
    for (const remote of spellingsOf(endpoints.localAddress, endpoints.localPort)) {
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

async function readTables(): Promise<readonly string[]> {
  try {
    return await readTcpTables()
  } catch (error) {
    const what = 'cannot read the connections of this machine'
    throw new SystemError('same-user-unavailable', `${what}: ${messageOf(error)}`, {
      hint: 'leave out "--same-user", and listen on a socket of your own: "--listen unix:PATH"',
      cause: error,
    })
  }
}
