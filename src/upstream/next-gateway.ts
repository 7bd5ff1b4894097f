import type { Grant } from '../access/grant.ts'
import { UpstreamError } from '../errors.ts'
import type { NextGatewayWay } from '../routes/upstream-way.ts'
import { attemptsAt, dialUpstream } from './dialled.ts'
import { openNextGateway } from './open-next-gateway.ts'
import type { AttemptsOf } from './way.ts'

/**
 * Longest list of gateways on the way that one more is added to.
 *
 * @limit the list of gateways that a CONNECT has come by: 503, it would go round for ever
 */
const maxViaChars = 1024

/** Dials another gateway, and asks it for the tunnel. */
export const nextGateway: AttemptsOf<NextGatewayWay> = (way, grant, parts) => {
  const { ownName, answerTimeoutMs: timeoutMs } = parts
  refuseLoop(grant, ownName)
  const { target, via } = grant.request
  return attemptsAt(way, parts, async (gateway, signal) => {
    const socket = await dialUpstream(gateway, way, grant, parts, signal)
    const asked = { gateway, target, via: viaWith(ownName, via), timeoutMs }
    return openNextGateway(socket, way, asked, signal)
  })
}

function viaWith(ownName: string, via: string | undefined): string {
  return [via, `1.1 ${ownName}`].filter((part) => part !== undefined).join(', ')
}

/** Without this, two gateways that lead to each other would open connections until there are no more. */
function refuseLoop({ request }: Grant, ownName: string): void {
  const { via = '' } = request
  if (via.includes(ownName)) throw leadsNowhere('the way leads back to this gateway')
  if (via.length > maxViaChars) throw leadsNowhere('the way leads through too many gateways')
}

function leadsNowhere(why: string): UpstreamError {
  return new UpstreamError('upstream-unreachable', why)
}
