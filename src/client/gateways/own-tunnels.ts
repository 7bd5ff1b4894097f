import type { SendToGateway } from '../../reach/gateway-request.ts'
import { decodeOwnTunnels, type OwnTunnels } from '../../tunnel/own-tunnels.ts'
import { gatewayPaths } from '../../tunnel/paths.ts'

/**
 * Longest answer that is read, in bytes: 500 tunnels with all that is said of them.
 *
 * @limit the list of one's open tunnels: the gateway counts as one that does not say
 */
const maxBodyBytes = 1024 * 1024

/** What is open by the session of a token; undefined where the gateway does not say, as an earlier one does not. Never rejects. */
export async function ownTunnelsOf(
  send: SendToGateway,
  token: string,
  signal: AbortSignal,
): Promise<OwnTunnels | undefined> {
  try {
    const request = { method: 'GET', path: gatewayPaths.tunnels, token, maxBodyBytes } as const
    const { status, body } = await send(request, signal)
    return status === 200 ? decodeOwnTunnels(body) : undefined
  } catch {
    // Whether it is there is what it is asked besides.
    return undefined
  }
}
