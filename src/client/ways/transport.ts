import type { Duplex } from 'node:stream'
import { messageOf, PeerError } from '../../errors.ts'
import type { Logger } from '../../log.ts'
import { credentialFields, requestIdHeader } from '../../tunnel/headers.ts'
import { decodeRefusal } from '../../tunnel/refusal.ts'
import { version } from '../../version.ts'
import { createConnectTransport, type TunnelRequest, type TunnelWay } from './connect.ts'
import type { Connector } from '../reach/connection.ts'
import type { GatewayAddress } from '../reach/destination.ts'
import {
  NoAnswerError,
  type ConnectAnswer,
  type HttpAnswer,
  type RequestFields,
} from '../reach/http-answer.ts'
import { wantsSignIn } from '../reach/refused.ts'
import type { TransportMemory } from './transport-memory.ts'

/** `auto`: CONNECT, and a WebSocket where that does not pass. */
export const transportChoices = ['auto', 'connect', 'websocket'] as const
export type TransportChoice = (typeof transportChoices)[number]

/** Opens tunnels to one gateway, by whichever way passes. */
export interface Transport {
  /**
   * Asks for a tunnel, with a token or without.
   *
   * @throws UpstreamError `gateway-unreachable` or `gateway-not-trusted`; PeerError `no-websocket` when
   * one was asked for, and the gateway has none
   */
  connect(
    authority: string,
    token: string | undefined,
    signal: AbortSignal,
  ): Promise<ConnectAnswer<Duplex>>
  /** Ends all connections, those still being made included, and with them their tunnels. */
  destroy(): void
}

export interface TransportOptions {
  readonly gateway: GatewayAddress
  readonly connector: Connector
  readonly log: Logger
  readonly choice: TransportChoice
  readonly memory: TransportMemory
}

/**
 * Tries CONNECT, then a WebSocket, and goes on with what passed. Only an answer of somebody on the way,
 * or none, leads to the other: what the gateway itself refuses is refused.
 */
export function createTransport(options: TransportOptions): Transport {
  const { gateway, connector, log, memory } = options
  const connectWay = createConnectTransport(gateway, connector, log)
  let webSocketWay: Promise<TunnelWay> | undefined
  /** Which one the next tunnel asks first; undefined: nobody has looked yet. */
  let preferred = options.choice === 'auto' ? undefined : options.choice
  let said: string | undefined
  let isEnding = false

  /** Most runs never need it, and it brings a library along. */
  async function overWebSocket(): Promise<TunnelWay> {
    webSocketWay ??= import('./websocket.ts').then(({ createWebSocketTransport }) =>
      createWebSocketTransport(gateway, connector),
    )
    const way = await webSocketWay
    if (isEnding) way.destroy()
    return way
  }

  /** Once for each way, and not at every tunnel. */
  function say(way: 'connect' | 'websocket', why: string): void {
    if (said === way) return
    said = way
    if (way === 'websocket') log.info(`using a WebSocket: ${why}`, { transport: way })
    else log.debug(`using CONNECT: ${why}`, { transport: way })
  }

  async function findWay(request: TunnelRequest): Promise<Outcome> {
    preferred ??= (await memory.prefersWebSocket()) ? 'websocket' : 'connect'
    let outcome: Outcome | undefined
    if (preferred === 'websocket') {
      outcome = await ask(await overWebSocket(), request)
      if (!outcome.isBlocked) {
        say('websocket', 'it passed before')
        return outcome
      }
      log.debug(`the WebSocket that passed before does not: ${wordsOf(outcome)}`)
      await memory.forget()
      preferred = 'connect'
      request.signal.throwIfAborted()
    }
    const first = await ask(connectWay, request)
    if (!first.isBlocked) {
      say('connect', 'it passes')
      return first
    }
    if (outcome !== undefined) return moreUseful(first, outcome)
    request.signal.throwIfAborted()
    const second = await ask(await overWebSocket(), request)
    // Without an answer nothing says that it passes either.
    if (second.isBlocked || second.answer === undefined) {
      request.signal.throwIfAborted()
      return moreUseful(first, second)
    }
    say('websocket', `CONNECT does not pass on the way to the gateway (${wordsOf(first)})`)
    preferred = 'websocket'
    await memory.rememberWebSocket()
    return second
  }

  async function onlyWay(request: TunnelRequest): Promise<Outcome> {
    const isWebSocket = options.choice === 'websocket'
    say(isWebSocket ? 'websocket' : 'connect', 'as "--transport" says')
    const outcome = await ask(isWebSocket ? await overWebSocket() : connectWay, request)
    if (isWebSocket && knowsNoWebSocket(outcome)) {
      const what = `"${gateway.origin}" takes no tunnel over a WebSocket`
      throw new PeerError('no-websocket', what, {
        hint: 'leave out "--transport websocket": a stock Pomerium and older gateways take CONNECT alone',
      })
    }
    return outcome
  }

  return {
    async connect(authority, token, signal) {
      const request = { authority, fields: requestFields(token), signal }
      const outcome = await (options.choice === 'auto' ? findWay(request) : onlyWay(request))
      if (outcome.answer === undefined) throw outcome.error
      return outcome.answer
    },
    destroy() {
      isEnding = true
      connectWay.destroy()
      void webSocketWay?.then((way) => way.destroy())
    },
  }
}

/** What came of asking. `isBlocked`: nothing says that the gateway itself has seen the request. */
type Outcome =
  | { readonly isBlocked: boolean; readonly answer: ConnectAnswer<Duplex>; readonly error?: never }
  | { readonly isBlocked: boolean; readonly answer?: never; readonly error: unknown }

async function ask(way: TunnelWay, request: TunnelRequest): Promise<Outcome> {
  try {
    const answer = await way.connect(request)
    const isBlocked = answer.refusal !== undefined && !isOfGateway(answer.refusal)
    return { isBlocked, answer }
  } catch (error) {
    return { isBlocked: error instanceof NoAnswerError && error.wasCut, error }
  }
}

/** What a gateway answers where nothing can be said about the tunnel: it got a page's request. */
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
 * Whether the path of tunnels is none of the other side's: a 404 that is not about a route. Ours says so
 * in a sentence; a stock Pomerium has none, and a gateway from before the WebSocket says it of a page.
 */
function knowsNoWebSocket({ answer }: Outcome): boolean {
  if (answer?.refusal?.status !== 404) return false
  const body = decodeRefusal(answer.refusal.body)
  return body === undefined || body.message === '' || pageRefusals.has(body.code)
}

/** By these an edge says that it would pass the request on, and reaches nobody. */
const gatewayIsAway: ReadonlySet<number> = new Set([502, 503, 504])

/**
 * CONNECT's failure says more, unless the gateway tells what it misses in the other, or an edge that
 * would take the other finds no gateway.
 */
function moreUseful(overConnect: Outcome, overWebSocket: Outcome): Outcome {
  const refusal = overWebSocket.answer?.refusal
  const tellsMore =
    refusal !== undefined &&
    (gatewayIsAway.has(refusal.status) || decodeRefusal(refusal.body)?.code === upgradeRequired)
  return tellsMore ? overWebSocket : overConnect
}

function wordsOf({ answer, error }: Outcome): string {
  return answer?.refusal === undefined ? messageOf(error) : `status ${answer.refusal.status}`
}

/** What a request carries besides the authority. JSON, because a page is no use on a terminal. */
function requestFields(token: string | undefined): RequestFields {
  return {
    'user-agent': `postern/${version}`,
    accept: 'application/json',
    ...(token === undefined ? {} : credentialFields(token)),
  }
}
