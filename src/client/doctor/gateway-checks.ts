import { PeerError, UpstreamError } from '../../errors.ts'
import { silentLogger } from '../../log.ts'
import { attempt, type Check, type Found } from '../../reach/checks.ts'
import { createDialer, type GatewayDialer } from '../../reach/dialer.ts'
import { createSendToGateway } from '../../reach/gateway-request.ts'
import { refusedBy } from '../../reach/refused.ts'
import { isOurs } from '../../reach/stranger.ts'
import { gatewayPaths } from '../../tunnel/paths.ts'
import { version } from '../../version.ts'
import { createHttp1Way } from '../ways/http1.ts'
import { createHttp2Way, NoHttp2Error } from '../ways/http2.ts'
import { askWay, knowsNoWebSocket, wordsOf } from '../ways/outcome.ts'
import type { TunnelWay } from '../ways/way.ts'
import { createWebSocketWay } from '../ways/websocket.ts'
import type { DoctorCheck, Examination } from './options.ts'

/** The dialer of every command, which believes what they believe. */
export function dialerOf({ gateway, trust, proxies }: Examination): GatewayDialer {
  return createDialer({ gateway, trust, proxies })
}

/** Asks whether a gateway answers. */
export async function checkGateway(parts: Examination): Promise<DoctorCheck> {
  const { gateway, limits, signal } = parts
  const send = createSendToGateway(dialerOf(parts))
  const onSilence = new UpstreamError(
    'gateway-unreachable',
    `"${gateway.origin}" takes the request, and gives no answer`,
    { hint: 'try again; if it stays, whoever runs the gateway should look at it' },
  )
  const step = { what: 'gateway', target: gateway.origin, limitMs: limits.gatewayMs } as const
  return attempt({ ...step, signal, onSilence }, async (limit) => {
    const answer = await send({ method: 'GET', path: gatewayPaths.tunnel }, limit)
    if (isOurs(answer)) return { detail: 'a Postern gateway' }
    if (answer.status < 500) return { detail: 'a gateway of another make, such as Pomerium' }
    throw (
      refusedBy(answer) ??
      new PeerError('gateway-unreachable', `"${gateway.origin}" answers ${answer.status}`, {
        hint: 'it cannot serve anybody now: try again, or tell whoever runs it',
      })
    )
  })
}

/** No route has this name (RFC 2606 §2): a gateway says so, or asks for a sign-in, and opens nothing. */
const nowhere = 'postern-doctor.invalid:443'

const webSocket = 'WebSocket'

const ways = [
  [
    'HTTP/2 CONNECT',
    (dialer) => createHttp2Way({ dialer, log: silentLogger, onHttp1: (it) => it.destroy() }),
  ],
  ['HTTP/1.1 CONNECT', createHttp1Way],
  [webSocket, createWebSocketWay],
] as const satisfies readonly (readonly [string, (dialer: GatewayDialer) => TunnelWay])[]

/** Asks for a tunnel to nowhere by each way, all at once. Those that do not pass are warnings where another one does. */
export async function* checkTransport(parts: Examination): AsyncGenerator<DoctorCheck> {
  const tried = await Promise.all(ways.map(([name, create]) => checkWay(name, create, parts)))
  const passing = tried.filter(({ verdict }) => verdict === 'ok').map(({ target }) => target)
  parts.isWebSocketOnly = passing.length === 1 && passing[0] === webSocket
  for (const check of tried) {
    const { hint: _, code, ...rest } = check
    yield passing.length > 0 && check.verdict === 'failed'
      ? { ...rest, verdict: 'warning', code }
      : check
  }
}

async function checkWay(
  name: string,
  create: (dialer: GatewayDialer) => TunnelWay,
  parts: Examination,
): Promise<Check<'transport'>> {
  const { limits, signal } = parts
  const onSilence = blocked('no answer comes')
  const step = { what: 'transport', target: name, limitMs: limits.transportMs, onSilence } as const
  const way = create(dialerOf(parts))
  try {
    return await attempt({ ...step, signal }, (limit) => askNowhere(way, limit))
  } finally {
    way.destroy()
  }
}

async function askNowhere(way: TunnelWay, signal: AbortSignal): Promise<Found> {
  const fields = { 'user-agent': `postern/${version}`, accept: 'application/json' }
  const outcome = await askWay(way, { authority: nowhere, fields, signal })
  outcome.answer?.tunnel?.destroy()
  const { error } = outcome
  if (error instanceof NoHttp2Error) return { verdict: 'not-tried', detail: 'not offered' }
  if (knowsNoWebSocket(outcome)) return { verdict: 'not-tried', detail: 'the gateway has none' }
  if (!outcome.isBlocked && error === undefined) return { detail: 'passes' }
  throw blocked(`does not pass: ${wordsOf(outcome)}`)
}

function blocked(what: string): UpstreamError {
  return new UpstreamError('gateway-unreachable', what, {
    hint: 'something on the way lets no tunnel pass, by none of the ways: ask whoever runs the network to let WebSockets to the gateway pass',
  })
}
