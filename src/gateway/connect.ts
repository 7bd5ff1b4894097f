import type { Duplex } from 'node:stream'
import { relay, type Telling } from '../net/relay.ts'
import { beginLine, beginTunnel, refuse, type TunnelOutcome } from './connect-outcome.ts'
import { explained, loginFirst } from './application-login.ts'
import { checkedRequest } from './checked-request.ts'
import { cutCodeOf } from '../pages/cut-tunnels.ts'
import type { ConnectRequest } from './connect-request.ts'
import type { Grant } from '../access/grant.ts'
import type { LiveTunnel } from '../access/live-tunnels.ts'
import type { OpenedUpstream } from '../upstream/open-upstream.ts'
import type { GatewayParts } from './parts.ts'
import { tellingOf } from './tell-client.ts'

/**
 * Serves one CONNECT request, from its request line to its last byte. Never rejects.
 *
 * The 200 is sent only when the upstream is open: a client never mistakes a permitted tunnel for a
 * working one. See RFC 9110 §9.3.6.
 */
export function serveConnect(request: ConnectRequest, gateway: GatewayParts): Promise<void> {
  // Two functions, since one would hold the request, whose head may be large, as long as its tunnel.
  return openTunnel(request, gateway).then(carry)
}

/** A tunnel whose 200 has been sent. */
interface OpenTunnel {
  readonly client: Duplex
  readonly upstream: Duplex
  readonly tunnel: LiveTunnel
  readonly telling: Telling | undefined
  readonly outcome: TunnelOutcome
}

/** Undefined when it was refused. */
async function openTunnel(
  request: ConnectRequest,
  gateway: GatewayParts,
): Promise<OpenTunnel | undefined> {
  const entry = gateway.accessLog.begin(beginLine(request))
  try {
    const asked = checkedRequest(request)
    const identified = gateway.identify(request.headers, request.client, asked.target)
    const known = await entry.step('identify', identified)
    if (known.session) entry.session(known.session)
    const again = gateway.askAgain(known, asked.target, request.signal)
    const caller = await entry.step('ask the provider again', again)
    const route = gateway.matchRoute(asked.target, caller)
    entry.route(route)
    loginFirst(request, caller, route, gateway)
    const grant = gateway.authorize(asked, caller, { route, headers: request.headers })
    gateway.liveTunnels.checkRoom(grant)
    const opened = await entry.step('open upstream', gateway.openUpstream(grant, request.signal))
    const { connector } = opened.destination
    if (connector !== undefined) entry.connector(connector)
    const { client, tunnel } = await start(request, grant, opened, gateway)
    const begun = { requestId: request.requestId, route, tunnel, grant, connector }
    const outcome = beginTunnel(entry, begun, gateway)
    const telling = tellingOf(begun, gateway.clock)
    return { client, upstream: opened.stream, tunnel, telling, outcome }
  } catch (error) {
    refuse(request, entry, gateway, await explained(error, request, gateway))
    return undefined
  }
}

/** Registers a tunnel and answers 200. Whatever fails, nothing of it is left. */
async function start(
  request: ConnectRequest,
  grant: Grant,
  { stream, destination }: OpenedUpstream,
  { liveTunnels }: GatewayParts,
): Promise<Pick<OpenTunnel, 'client' | 'tunnel'>> {
  let tunnel: LiveTunnel | undefined
  try {
    const live = await liveTunnels.add(grant, destination)
    tunnel = live
    return { client: request.accept(() => cutCodeOf(live.ended)), tunnel: live }
  } catch (error) {
    tunnel?.[Symbol.dispose]()
    stream.destroy()
    throw error
  }
}

/** Copies bytes until both directions have ended, or the tunnel is cut. */
async function carry(open: OpenTunnel | undefined): Promise<void> {
  if (open === undefined) return
  using tunnel = open.tunnel
  const { client, upstream, telling, outcome } = open
  const options = telling === undefined ? tunnel : { ...tunnel, telling }
  const end = await outcome.carried(relay(client, upstream, options))
  outcome.end(end)
  // Until then it counts as open, so that a gateway that stops waits for its last words.
  await end.told
}
