import { messageOf } from '../../errors.ts'
import { requestIdHeader } from '../../tunnel/headers.ts'
import { decodeRefusal } from '../../tunnel/refusal.ts'
import { NoAnswerError, type HttpAnswer } from '../../reach/http-answer.ts'
import { wantsSignIn } from '../../reach/refused.ts'
import type { ConnectAnswer, TunnelRequest, TunnelWay } from './way.ts'

/** What came of asking. `isBlocked`: nothing says that the gateway itself has seen the request. */
export type Outcome =
  | { readonly isBlocked: boolean; readonly answer: ConnectAnswer; readonly error?: never }
  | { readonly isBlocked: boolean; readonly answer?: never; readonly error: unknown }

/** Asks one way, and tells whether it passes. */
export async function askWay(way: TunnelWay, request: TunnelRequest): Promise<Outcome> {
  try {
    const answer = await way.connect(request)
    const isBlocked = answer.refusal !== undefined && !isOfGateway(answer.refusal)
    return { isBlocked, answer }
  } catch (error) {
    return { isBlocked: error instanceof NoAnswerError && error.wasCut, error }
  }
}

/** What a gateway answers when a request for a tunnel reaches it as one for a page. */
const upgradeRequired = 'upgrade_required'
const pageRefusals: ReadonlySet<string> = new Set([upgradeRequired, 'page_not_found'])

/**
 * Whether an answer is a gateway's about the tunnel. Ours have a request id and a JSON body, a stock
 * Pomerium's one of the two. A call to sign in counts always: without a token it is what comes first.
 */
function isOfGateway(refusal: HttpAnswer): boolean {
  if (wantsSignIn(refusal)) return true
  if (refusal.status === 200) return false
  const body = decodeRefusal(refusal.body)
  if (body !== undefined && pageRefusals.has(body.code)) return false
  return body !== undefined || refusal.headers[requestIdHeader] !== undefined
}

/**
 * Whether the gateway has no path for tunnels: a 404 that is not about a route. Ours says in a sentence
 * that there is no such route; a stock Pomerium has no sentence, and a gateway from before the
 * WebSocket says that there is no such page.
 */
export function knowsNoWebSocket({ answer }: Outcome): boolean {
  if (answer?.refusal?.status !== 404) return false
  const body = decodeRefusal(answer.refusal.body)
  return body === undefined || body.message === '' || pageRefusals.has(body.code)
}

/** By these an edge says that it passes such requests on, and cannot reach the gateway now. */
const gatewayIsAway: ReadonlySet<number> = new Set([502, 503, 504])

/**
 * Which of two failures is told: CONNECT's, unless over the WebSocket the gateway says what is missing,
 * or an edge that it cannot reach the gateway.
 */
export function moreUseful(overConnect: Outcome, overWebSocket: Outcome): Outcome {
  const refusal = overWebSocket.answer?.refusal
  const tellsMore =
    refusal !== undefined &&
    (gatewayIsAway.has(refusal.status) || decodeRefusal(refusal.body)?.code === upgradeRequired)
  return tellsMore ? overWebSocket : overConnect
}

export function wordsOf({ answer, error }: Outcome): string {
  return answer?.refusal === undefined ? messageOf(error) : `status ${answer.refusal.status}`
}
