import type { Socket } from 'node:net'
import { relay } from '../net/relay.ts'
import { accessRequest, beginTunnel, refuse } from './connect-outcome.ts'
import { checkedTarget } from './connect-target.ts'
import type { ConnectRequest } from './connect-request.ts'
import type { Grant } from './grant.ts'
import type { LiveTunnel } from './live-tunnels.ts'
import type { GatewayParts } from './parts.ts'

/**
 * Serves one CONNECT request, from its request line to its last byte. Never rejects.
 *
 * The 200 is sent only when the upstream is open: a client never mistakes a permitted tunnel for a
 * working one. See RFC 9110 §9.3.6.
 */
export async function serveConnect(request: ConnectRequest, gateway: GatewayParts): Promise<void> {
  const entry = gateway.accessLog.begin(accessRequest(request))
  try {
    const target = checkedTarget(request)
    const caller = await gateway.identify(request.headers)
    if (caller.session) entry.session(caller.session)
    const { headers, requestId, authority, ip, ends, clientCertificate } = request
    const routes = gateway.routes()
    const route = gateway.matchRoute(routes, target, {
      session: caller.session,
      ip,
      clientCertificate,
    })
    entry.route(route)
    const asked = { requestId, authority, ip, ends, via: headers.via, clientCertificate, target }
    const grant = gateway.authorize(asked, { ...caller, routes, route, headers })
    const upstream = await gateway.openUpstream(grant, request.signal)
    using tunnel = await register(grant, upstream, gateway)
    const outcome = beginTunnel(entry, route, tunnel, gateway)
    const { idleTimeoutMs } = route
    outcome.end(await relay(request.accept(), upstream, { idleTimeoutMs, signal: tunnel.signal }))
  } catch (error) {
    refuse(request, entry, gateway, error)
  }
}

/** Registers an open tunnel; its upstream is let go when it may no longer be. */
async function register(
  grant: Grant,
  upstream: Socket,
  gateway: GatewayParts,
): Promise<LiveTunnel> {
  try {
    return await gateway.liveTunnels.add(grant)
  } catch (error) {
    upstream.destroy()
    throw error
  }
}
