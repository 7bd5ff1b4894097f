import { hash } from 'node:crypto'
import { parseAuthority } from '../../address.ts'

/** Systems whose loopback interface has all of 127.0.0.0/8; others have 127.0.0.1 alone (RFC 1122 3.2.1.3 asks for the former). */
const wholeNetwork: ReadonlySet<NodeJS.Platform> = new Set(['linux', 'win32', 'android'])

/** Ports below are for the system on most machines: theirs are moved up by this. */
const firstOpenPort = 1_024
const movedBy = 10_000

/** Ports of a machine that has one loopback address: above what people choose, below what systems give away. */
const fixedPorts = { first: 20_000, count: 12_000 }

/**
 * The local address of a connection's own, `HOST:PORT`: the same one for the same destination at any time and on any
 * machine, another one where that is `taken`. Where the system has all of 127.0.0.0/8 it is an address of its own
 * with the destination's port, so that a tool finds its usual port and a browser keeps the cookies of two
 * services apart; elsewhere a port of its own on 127.0.0.1.
 */
export function ownAddress(
  authority: string,
  taken: ReadonlySet<string>,
  platform: NodeJS.Platform = process.platform,
): string {
  const port = parseAuthority(authority)?.port ?? 0
  for (let attempt = 0; ; attempt += 1) {
    const digest = Buffer.from(
      hash('sha256', `${attempt} ${authority.toLowerCase()}`, 'hex'),
      'hex',
    )
    const address = wholeNetwork.has(platform)
      ? `${ownHost(digest)}:${port < firstOpenPort ? movedBy + port : port}`
      : `127.0.0.1:${fixedPorts.first + (digest.readUInt32BE(0) % fixedPorts.count)}`
    if (!taken.has(address) || attempt > fixedPorts.count) return address
  }
}

/** Neither near 127.0.0.1, where resolvers and containers have theirs, nor a network's first or last. */
function ownHost(digest: Buffer): string {
  const [first = 0, second = 0, third = 0] = digest
  return `127.${64 + (first % 128)}.${second}.${1 + (third % 254)}`
}
