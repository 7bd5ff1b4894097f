import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Grant } from '../access/grant.ts'
import type { Destination } from '../access/tunnel-register.ts'
import { UpstreamError } from '../errors.ts'
import { isMetadataAddress } from '../net/metadata-address.ts'
import { isOwnMachine } from '../net/own-machine.ts'
import { encodeProxyHeader } from '../net/proxy-protocol.ts'
import type { DialledWay, Upstream } from '../routes/upstream-way.ts'
import type { Attempt, WayParts } from './way.ts'

/** One attempt at each upstream of a way, in an order drawn by their weights. */
export function attemptsAt(
  { kind, to }: DialledWay,
  { random }: Pick<WayParts, 'random'>,
  open: (upstream: Upstream, signal: AbortSignal) => Promise<Duplex>,
): readonly Attempt[] {
  return drawOrder(to, random).map((upstream) => ({
    destination: destinationOf(kind, upstream),
    open: (signal) => open(upstream, signal),
  }))
}

/** Draws without putting back: each next place goes to one of those left, by weight. */
export function drawOrder(
  upstreams: readonly Upstream[],
  random: () => number,
): readonly Upstream[] {
  const left = [...upstreams]
  const order: Upstream[] = []
  while (left.length > 0) {
    let ticket = random() * left.reduce((sum, { weight }) => sum + weight, 0)
    const drawn = left.findIndex(({ weight }) => (ticket -= weight) < 0)
    order.push(...left.splice(Math.max(drawn, 0), 1))
  }
  return order
}

/** Is kept as long as its tunnel, so it holds nothing of the route or grant that the tunnel was opened by. */
function destinationOf(kind: DialledWay['kind'], { host, port }: Upstream): Destination {
  return {
    upstream: { host, port },
    isReachedBy(way, before) {
      if (way.kind !== kind || before.kind !== kind) return false
      // What a name led to when it was dialled may be such an address.
      const isStillAllowed =
        (!before.allowsMetadataAddress || way.allowsMetadataAddress) &&
        (before.leavesMachine === true || way.leavesMachine !== true)
      return isStillAllowed && way.to.some((named) => named.host === host && named.port === port)
    },
  }
}

/** Connects to an upstream, and tells it the client's address where it is to know. */
export async function dialUpstream(
  upstream: Upstream,
  way: DialledWay,
  { caller }: Grant,
  { dial }: Pick<WayParts, 'dial'>,
  signal: AbortSignal,
): Promise<Socket> {
  const socket = await dial(upstream, { signal, allowAddress: addressGuard(upstream, way) })
  const { proxyProtocol } = way
  if (proxyProtocol !== undefined)
    socket.write(encodeProxyHeader(proxyProtocol, caller.client.endpoints))
  return socket
}

/** What a way does not lead to, whatever its names resolve to. */
export function addressGuard(
  { host }: Pick<Upstream, 'host'>,
  {
    allowsMetadataAddress,
    leavesMachine = false,
  }: Pick<DialledWay, 'allowsMetadataAddress' | 'leavesMachine'>,
): (address: string) => void {
  const leaves = leavesMachine && !isOwnMachine(host)
  return (address) => {
    if (!allowsMetadataAddress) refuseMetadataAddress(address)
    if (leaves) refuseOwnMachine(address)
  }
}

/** Asked of the address that is dialled, since what a name leads to changes from one look-up to the next. */
function refuseMetadataAddress(address: string): void {
  if (!isMetadataAddress(address)) return
  throw new UpstreamError(
    'metadata-address',
    'is the metadata service of a cloud, which only a route with "allow_metadata_address: true" may reach',
  )
}

function refuseOwnMachine(address: string): void {
  if (!isOwnMachine(address)) return
  throw new UpstreamError(
    'own-machine',
    'is the machine of the gateway, which a stored route in a namespace reaches by no name but "localhost"',
  )
}
