import { createHash } from 'node:crypto'
import { mkdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PeerError } from '../../errors.ts'
import type { Logger } from '../../log.ts'
import { credentialFields } from '../../tunnel/headers.ts'
import { version } from '../../version.ts'
import type { GatewayDialer } from '../../reach/dialer.ts'
import type { RequestFields } from '../../reach/http-answer.ts'
import { createConnectWay } from './connect.ts'
import { askWay, knowsNoWebSocket, moreUseful, wordsOf, type Outcome } from './outcome.ts'
import type { ConnectAnswer, TunnelRequest, TunnelWay } from './way.ts'

/** `auto`: CONNECT, and a WebSocket where that does not pass. */
export const transportChoices = ['auto', 'connect', 'websocket'] as const
export type TransportChoice = (typeof transportChoices)[number]

/** Opens tunnels to one gateway, by whichever way passes. */
export interface Transport {
  /**
   * Asks for a tunnel, with a token or without. `more` are further fields of the request, in lower case.
   *
   * @throws UpstreamError `gateway-unreachable` or `gateway-not-trusted`; PeerError `no-websocket` when
   * one was asked for, and the gateway has none
   */
  connect(
    authority: string,
    token: string | undefined,
    signal: AbortSignal,
    more?: RequestFields,
  ): Promise<ConnectAnswer>
  /** As `GatewayClient` has it. */
  leaveConnections(): void
  /** Ends all connections, those still being made included, and with them their tunnels. */
  destroy(): void
}

export interface TransportOptions {
  readonly dialer: GatewayDialer
  readonly log: Logger
  readonly choice: TransportChoice
  /** Where this user's caches are: what passed is remembered in `transports` below it. */
  readonly cacheDirectory: string
}

/**
 * Tries CONNECT, then a WebSocket, and goes on with what passed. Only an answer of somebody on the way,
 * or none, leads to the other: what the gateway itself refuses is refused.
 */
export function createTransport(options: TransportOptions): Transport {
  const { dialer, log, cacheDirectory } = options
  const memory = openTransportMemory(transportsIn(cacheDirectory), dialer.gateway.origin)
  const connectWay = createConnectWay(dialer, log)
  let webSocketWay: Promise<TunnelWay> | undefined
  /** Which one the next tunnel asks first; undefined: nobody has looked yet. */
  let preferred = options.choice === 'auto' ? undefined : options.choice
  let said: string | undefined
  let isEnding = false

  /** Most runs never need it, and it brings a library along. */
  async function overWebSocket(): Promise<TunnelWay> {
    webSocketWay ??= import('./websocket.ts').then(({ createWebSocketWay }) =>
      createWebSocketWay(dialer),
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
      outcome = await askWay(await overWebSocket(), request)
      if (!outcome.isBlocked) {
        say('websocket', 'it passed before')
        return outcome
      }
      log.debug(`the WebSocket that passed before does not: ${wordsOf(outcome)}`)
      await memory.forget()
      preferred = 'connect'
      request.signal.throwIfAborted()
    }
    const first = await askWay(connectWay, request)
    if (!first.isBlocked) {
      say('connect', 'it passes')
      return first
    }
    if (outcome !== undefined) return moreUseful(first, outcome)
    request.signal.throwIfAborted()
    const second = await askWay(await overWebSocket(), request)
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
    const outcome = await askWay(isWebSocket ? await overWebSocket() : connectWay, request)
    if (isWebSocket && knowsNoWebSocket(outcome)) {
      const what = `"${dialer.gateway.origin}" does not accept tunnels over a WebSocket`
      throw new PeerError('no-websocket', what, {
        hint: 'leave out "--transport websocket": a stock Pomerium and older gateways accept CONNECT only',
      })
    }
    return outcome
  }

  return {
    async connect(authority, token, signal, more = {}) {
      const request = { authority, fields: { ...more, ...requestFields(token) }, signal }
      const outcome = await (options.choice === 'auto' ? findWay(request) : onlyWay(request))
      if (outcome.answer === undefined) throw outcome.error
      return outcome.answer
    },
    leaveConnections: () => connectWay.leaveConnections(),
    destroy() {
      isEnding = true
      connectWay.destroy()
      void webSocketWay?.then((way) => way.destroy()).catch(() => undefined)
    },
  }
}

/** What a request carries besides the authority. JSON, because a page is no use on a terminal. */
function requestFields(token: string | undefined): RequestFields {
  return {
    'user-agent': `postern/${version}`,
    accept: 'application/json',
    ...(token === undefined ? {} : credentialFields(token)),
  }
}

/** Where it is remembered. */
export function transportsIn(cacheDirectory: string): string {
  return join(cacheDirectory, 'transports')
}

/** Remembers across runs that only a WebSocket passes to one gateway, so that no start pays for CONNECT. */
export interface TransportMemory {
  prefersWebSocket(): Promise<boolean>
  rememberWebSocket(): Promise<void>
  forget(): Promise<void>
}

/**
 * How long it is believed, in milliseconds: edges change, and CONNECT is the better way.
 *
 * @limit how long the way that worked is remembered: CONNECT is tried first again
 */
const maxAgeMs = 24 * 60 * 60_000

/**
 * Opens the memory for one gateway: a file without content in a directory of mode 0700; that it is
 * there and its age are what is kept. Where it cannot be written, every run finds out again.
 */
export function openTransportMemory(
  directory: string,
  origin: string,
  now: () => number = Date.now,
): TransportMemory {
  const path = join(directory, fileName(origin))
  return {
    async prefersWebSocket() {
      try {
        const ageMs = now() - (await stat(path)).mtimeMs
        // One from the future is as good as none.
        return ageMs >= -1_000 && ageMs < maxAgeMs
      } catch {
        return false
      }
    },
    async rememberWebSocket() {
      try {
        await mkdir(directory, { recursive: true, mode: 0o700 })
        await writeFile(path, '', { mode: 0o600 })
      } catch {
        // The next run finds out again.
      }
    },
    forget: () => rm(path, { force: true }).catch(() => undefined),
  }
}

/** Readable enough to delete one by hand, and safe for any file system. */
function fileName(origin: string): string {
  const host = new URL(origin).hostname.replaceAll(/[^a-z0-9.-]/g, '_').slice(0, 100)
  return `${host}-${createHash('sha256').update(origin).digest('hex').slice(0, 16)}.websocket`
}
