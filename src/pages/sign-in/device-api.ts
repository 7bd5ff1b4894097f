import { AppError, PeerError } from '../../errors.ts'
import {
  deviceCodeLifeMs,
  devicePollIntervalMs,
  formatUserCode,
  type DevicePoll,
} from '../../identity/device-codes.ts'
import {
  decodeDeviceCodeRequest,
  decodeDevicePoll,
  deviceErrors,
  encodeDeviceCodeAnswer,
  userCodeParameter,
} from '../../tunnel/device.ts'
import { gatewayPaths } from '../../tunnel/paths.ts'
import { encodeTokenAnswer } from '../../tunnel/sign-in.ts'
import { renderRefusal } from '../answers/answer.ts'
import { limitBody, readForm } from '../answers/body.ts'
import { createPageApp, type PageApp, type PageContext } from '../answers/page-app.ts'
import { toRefusal, type Refusal } from '../answers/refusal.ts'
import type { SignInParts } from './parts.ts'
import { askerOf } from './sign-in-log.ts'
import { deviceId, requireDeviceLogin } from './device-sign-in.ts'

/**
 * What a machine says of itself is a few hundred characters, a secret 43.
 *
 * @limit a request of a machine without a browser: 413 `request_too_large`
 */
const maxRequestBytes = 4096

/**
 * What a machine without a browser asks: for a code, and then whether somebody has approved it. Both
 * answer JSON, refusals too, on every host name the gateway is reached by.
 */
export function createDeviceApi(parts: SignInParts): PageApp {
  const app = createPageApp()
  for (const path of [gatewayPaths.deviceCode, gatewayPaths.deviceToken])
    app.use(path, limitBody(maxRequestBytes))
  app.onError((error, c) => {
    // What is not ours is for the app that this one is part of.
    if (!(error instanceof AppError)) throw error
    return refuse(c, toRefusal(error))
  })
  app.post(gatewayPaths.deviceCode, async (c) => begin(c, parts))
  app.post(gatewayPaths.deviceToken, async (c) => {
    requireDeviceLogin(parts)
    const secret = decodeDevicePoll(await readForm(c))
    if (secret === undefined) throw new PeerError('invalid-request', 'this is not a device grant')
    return answerPoll(c, parts, await parts.identity.deviceCodes.poll(secret))
  })
  return app
}

async function begin(c: PageContext, parts: SignInParts): Promise<Response> {
  requireDeviceLogin(parts)
  return beginCode(c, parts, gatewayPaths.device)
}

/** Makes a code, which is approved at `path`; `publicKey` for a machine that is to publish. */
export async function beginCode(
  c: PageContext,
  parts: Pick<SignInParts, 'identity' | 'origin' | 'logger'>,
  path: string,
  publicKey?: string,
): Promise<Response> {
  const request = decodeDeviceCodeRequest(await readForm(c))
  const { secret, record } = await parts.identity.deviceCodes.begin({
    ...request,
    address: c.env.client.ip,
    publicKey,
  })
  parts.logger.info('device code made', {
    device: deviceId(record),
    host: record.host,
    'requester-ip': record.address,
  })
  const page = new URL(path, parts.origin)
  const complete = new URL(page)
  complete.searchParams.set(userCodeParameter, formatUserCode(record.userCode))
  const answer = encodeDeviceCodeAnswer({
    deviceCode: secret,
    userCode: formatUserCode(record.userCode),
    verificationUri: page.href,
    verificationUriComplete: complete.href,
    expiresInSeconds: deviceCodeLifeMs / 1000,
    intervalSeconds: devicePollIntervalMs / 1000,
  })
  return sendJson(c, answer)
}

async function answerPoll(
  c: PageContext,
  { identity, audit }: SignInParts,
  poll: DevicePoll,
): Promise<Response> {
  if (poll.state !== 'signed-in') return refusePoll(c, poll)
  const found = await identity.sessions.get(poll.sessionId)
  // Revoked before the machine came for it.
  if (found === undefined) return refusePoll(c, { state: 'denied' })
  const { host, address } = poll.record
  audit.record({
    kind: 'sign-in',
    event: 'device signed in',
    session: found.session,
    ...askerOf(c),
    details: { device: deviceId(poll.record), host, 'requester-ip': address },
  })
  return sendJson(c, encodeTokenAnswer(await identity.tokens.issue(found.session)))
}

/** Says why there is nothing to take (yet). */
export function refusePoll(
  c: PageContext,
  poll: Exclude<DevicePoll, { readonly state: 'signed-in' }>,
): Response {
  const why = poll.state === 'denied' ? poll.why : undefined
  const said = why === undefined ? {} : { message: `the sign-in failed: ${why}`, next: failedNext }
  return refuse(c, { ...unfinished[poll.state], ...said })
}

/** RFC 8628 §3.5: each is an error of status 400. */
function notYet(code: string, message: string, next: string): Refusal {
  return { status: 400, code, message, next, reasons: [] }
}

const failedNext = 'try again; whoever runs the gateway can find the reason in its log'

const unfinished: Readonly<Record<Exclude<DevicePoll['state'], 'signed-in'>, Refusal>> = {
  pending: notYet(deviceErrors.pending, 'nobody has approved the code yet', 'ask again'),
  'too-soon': notYet(deviceErrors.slowDown, 'this was asked too soon', 'wait 5 seconds longer'),
  denied: notYet(
    deviceErrors.denied,
    'the sign-in was denied in the browser',
    'try again, and let the person who approves it compare the code',
  ),
  over: notYet(
    deviceErrors.expired,
    'this code is unknown, already used or older than 10 minutes',
    'ask for a new one',
  ),
}

export function refuse(c: PageContext, refusal: Refusal): Response {
  const { status, headers, body } = renderRefusal(refusal, c.env.requestId, 'application/json')
  return new Response(body, { status, headers })
}

export function sendJson(c: PageContext, body: string): Response {
  return c.body(body, 200, {
    'content-type': 'application/json; charset=UTF-8',
    'cache-control': 'no-store',
  })
}
