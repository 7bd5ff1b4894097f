import type { OwnOpenTunnel, LiveTunnels } from '../access/live-tunnels.ts'
import { formatAuthority } from '../address.ts'
import { maxOwnTunnels, ownTunnelsToJson, type OwnTunnel } from '../tunnel/own-tunnels.ts'
import { gatewayPaths } from '../tunnel/paths.ts'
import { createPageApp, type PageApp } from './answers/page-app.ts'
import { requireToken, type IdentifyToken } from './answers/token-caller.ts'

export interface OwnTunnelsParts {
  readonly identify: IdentifyToken
  readonly liveTunnels: Pick<LiveTunnels, 'openOf'>
}

const words = { what: 'what is open by a session', command: 'postern login' } as const

/**
 * What a session has open, for its own client. Those of other sessions of the same person are not told, nor their
 * addresses: a token that was stolen from one machine says nothing of the others.
 */
export function createOwnTunnelsApi({ identify, liveTunnels }: OwnTunnelsParts): PageApp {
  const app = createPageApp()
  app.get(gatewayPaths.tunnels, async (c) => {
    const { session } = await requireToken(c, identify, words)
    const { tunnels, open } = liveTunnels.openOf(session.id, maxOwnTunnels)
    const isTruncated = open > tunnels.length
    const answer = { tunnels: tunnels.map(toOwnTunnel), open, isTruncated }
    return c.json(ownTunnelsToJson(answer), 200, { 'cache-control': 'no-store' })
  })
  return app
}

function toOwnTunnel({ grant, openedAtMs, bytes, untilMs }: OwnOpenTunnel): OwnTunnel {
  const { request, route, caller } = grant
  return {
    id: request.requestId,
    route: route.name,
    target: formatAuthority(request.target),
    ip: caller.client.ip,
    openedAt: new Date(openedAtMs).toISOString(),
    bytesUp: bytes.up,
    bytesDown: bytes.down,
    until: untilMs === undefined ? undefined : new Date(untilMs).toISOString(),
  }
}
