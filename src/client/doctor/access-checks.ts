import { devNull } from 'node:os'
import { AccessError, type AppError } from '../../errors.ts'
import { silentLogger } from '../../log.ts'
import { attempt, type Check, type Found } from '../../reach/checks.ts'
import { createSendToGateway } from '../../reach/gateway-request.ts'
import { looksForeign } from '../../reach/http-answer.ts'
import { refusedError, wantsSignIn } from '../../reach/refused.ts'
import { gatewayPaths } from '../../tunnel/paths.ts'
import { maxRoutesBytes } from '../routes/fetch-routes.ts'
import { decodeRoutes } from '../routes/routes-answer.ts'
import { createSessionApi, type TokenOwner } from '../sign-in/session-api.ts'
import { tokenCacheFor } from '../sign-in/token-cache.ts'
import { createTransport } from '../ways/transport.ts'
import type { ConnectAnswer } from '../ways/way.ts'
import { dialerOf } from './gateway-checks.ts'
import type { DoctorCheck, Examination } from './options.ts'

/** Who is signed in, and what they may reach. Nobody is signed in by it. */
export async function* checkAccess(parts: Examination): AsyncGenerator<DoctorCheck> {
  const { authority, serviceAccountToken } = parts
  const cache = tokenCacheFor({ ...parts, log: silentLogger })
  const token = serviceAccountToken ?? (await cache.read())
  if (token === undefined) {
    // Public routes want nobody to sign in: only the gateway knows whether these are some.
    if (authority !== undefined) yield* checkTunnel(authority, undefined, parts)
    else yield* orSignIn(await checkRoutes(undefined, parts), undefined)
    return
  }
  const signIn = await checkSignIn(token, parts)
  yield signIn
  if (signIn.verdict === 'failed') return
  if (authority === undefined) yield await checkRoutes(token, parts)
  else yield* checkTunnel(authority, token, parts)
}

async function checkSignIn(token: string, parts: Examination): Promise<DoctorCheck> {
  const { signal, limits } = parts
  const step = { what: 'sign-in', target: '', limitMs: limits.signInMs, signal } as const
  return attempt(step, async (limit) => {
    const began = parts.now()
    let skewMs: number | undefined
    const send = createSendToGateway(dialerOf(parts))
    const owner = await createSessionApi(async (request, one) => {
      const answer = await send(request, one)
      skewMs = skewOf(answer.headers['date'], began, parts.now())
      return answer
    }).ownerOf(token, limit)
    if (owner === undefined) throw notTaken(token, parts)
    return found(owner, skewMs, parts)
  })
}

/** What to tell where the gateway asks for a sign-in. */
function notTaken(
  token: string | undefined,
  { gateway, serviceAccountToken }: Examination,
): AccessError {
  if (serviceAccountToken !== undefined) {
    return new AccessError(
      'service-account-rejected',
      'the gateway does not accept this service account',
      { hint: 'it may have expired or been revoked, or belong to another gateway' },
    )
  }
  const [what, how] =
    token === undefined
      ? ['nobody is signed in', 'sign in']
      : ['the gateway does not take the sign-in any more', 'sign in again']
  return new AccessError('not-signed-in', what, {
    hint: `${how}: "postern login ${gateway.origin}"`,
  })
}

/**
 * How far this machine's clock is ahead of a server's, in milliseconds, by the second that its answer is from
 * (RFC 9110 §6.6.1); undefined where it does not say.
 */
export function skewOf(date: unknown, beganMs: number, endedMs: number): number | undefined {
  const atMs = Date.parse(String(date))
  if (typeof date !== 'string' || Number.isNaN(atMs)) return undefined
  // The answer was made between the two, at any moment of that second.
  if (endedMs < atMs) return endedMs - atMs
  return beganMs > atMs + 1_000 ? beganMs - atMs - 1_000 : 0
}

/** What passes, in milliseconds: dates of certificates and sessions are told by both clocks. */
const harmlessSkewMs = 30_000

function found(
  owner: TokenOwner,
  skewMs: number | undefined,
  { gateway, now }: Examination,
): Found {
  const name = owner.email ?? owner.name ?? owner.userId
  const leftMs = owner.expiresAt === undefined ? undefined : Date.parse(owner.expiresAt) - now()
  const parts = [
    name === undefined ? 'somebody is signed in' : `signed in as ${name}`,
    owner.expiresAt !== undefined && `until ${owner.expiresAt}`,
    owner.gatewayVersion !== undefined && `the gateway is Postern ${owner.gatewayVersion}`,
  ].filter((part) => part !== false)
  const moment = owner.expiresAt
  const detail = parts.join(', ')
  if (skewMs !== undefined && Math.abs(skewMs) > harmlessSkewMs) {
    const seconds = Math.round(Math.abs(skewMs) / 1_000)
    const how = skewMs > 0 ? 'ahead of' : 'behind'
    return {
      verdict: 'warning',
      detail: `${detail}; this machine's clock is ${seconds} s ${how} the gateway's`,
      moment,
      hint: "set this machine's clock: sign-ins and certificates depend on it",
    }
  }
  if (leftMs === undefined || leftMs > endsSoonMs) return { detail, moment }
  const hint = `it ends soon: "postern login --renew ${gateway.origin}" prolongs it`
  return { verdict: 'warning', detail, moment, hint }
}

/** Time before the end of a sign-in that somebody should know of it, in milliseconds. */
const endsSoonMs = 10 * 60_000

async function checkRoutes(
  token: string | undefined,
  parts: Examination,
): Promise<Check<'routes'>> {
  const { signal, limits } = parts
  const step = { what: 'routes', target: '', limitMs: limits.signInMs, signal } as const
  const send = createSendToGateway(dialerOf(parts))
  return attempt(step, async (limit) => {
    const request = { method: 'GET', path: gatewayPaths.routes, token } as const
    const answer = await send({ ...request, maxBodyBytes: maxRoutesBytes }, limit)
    if (wantsSignIn(answer)) throw notTaken(token, parts)
    if (answer.status !== 200) throw refusedError(answer, parts.gateway.origin)
    const { routes, closed } = decodeRoutes(answer.body)
    const more = closed.length === 0 ? '' : `, and ${closed.length} to ask for`
    return { detail: `${routes.length} ${routes.length === 1 ? 'route' : 'routes'} to use${more}` }
  })
}

/** Codes by which a gateway says that policy let somebody through, and the service was not there. */
const afterPolicy: ReadonlySet<string> = new Set(['upstream-unreachable'])

/** One request answers all: who may, and whether the service opens. It is closed at once, without a byte. */
async function* checkTunnel(
  authority: string,
  token: string | undefined,
  parts: Examination,
): AsyncGenerator<DoctorCheck> {
  const { signal, limits, isWebSocketOnly } = parts
  const transport = createTransport({
    dialer: dialerOf(parts),
    log: silentLogger,
    choice: isWebSocketOnly ? 'websocket' : 'auto',
    // What passes is kept for other commands by these themselves: nothing is changed here.
    cacheDirectory: devNull,
  })
  const step = { target: authority, limitMs: limits.tunnelMs, signal }
  let refused: AppError | undefined
  try {
    const policy = await attempt({ ...step, what: 'policy' }, async (limit) => {
      const answer = await transport.connect(authority, token, limit)
      answer.tunnel?.on('error', () => undefined).destroy()
      if (isCallToSignIn(answer)) throw notTaken(token, parts)
      refused = answer.refusal && refusedError(answer.refusal, authority)
      if (refused !== undefined && !isAfterPolicy(answer)) throw refused
      return { detail: token === undefined ? 'open to everybody' : 'allowed' }
    })
    if (policy.verdict === 'failed') {
      yield* orSignIn(policy, token)
      return
    }
    // The one answer came once the service had opened, or had not: for that it was waited.
    yield* orSignIn({ ...policy, ms: undefined }, token)
    const service = await attempt({ ...step, what: 'service' }, () =>
      refused === undefined ? Promise.resolve({ detail: 'opens' }) : Promise.reject(refused),
    )
    yield { ...service, ms: policy.ms }
  } finally {
    transport.destroy()
  }
}

function isCallToSignIn({ refusal }: ConnectAnswer): boolean {
  return refusal !== undefined && wantsSignIn(refusal)
}

function isAfterPolicy({ refusal }: ConnectAnswer): boolean {
  return (
    refusal !== undefined &&
    !looksForeign(refusal) &&
    afterPolicy.has(refusedError(refusal, '').code)
  )
}

/** That nobody is signed in is the sign-in's failure, whoever has found it out. */
function* orSignIn(
  check: Check<'policy' | 'routes'>,
  token: string | undefined,
): Generator<DoctorCheck> {
  const isOfSignIn = check.code === 'not-signed-in' || check.code === 'service-account-rejected'
  if (isOfSignIn) {
    yield { ...check, what: 'sign-in', target: '' }
    return
  }
  if (token === undefined) {
    yield {
      what: 'sign-in',
      target: '',
      verdict: 'ok',
      detail: 'nobody, and none is needed',
    }
  }
  yield check
}
