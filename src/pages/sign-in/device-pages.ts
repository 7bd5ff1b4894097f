import { bodyLimit } from 'hono/body-limit'
import { AccessError, PeerError } from '../../errors.ts'
import { formatUserCode, parseUserCode } from '../../identity/device-codes.ts'
import type { SignInTarget } from '../../identity/pending-flow.ts'
import type { Session } from '../../identity/session.ts'
import type { BegunSignIn } from '../../identity/sign-in.ts'
import type { DeviceCodeRecord } from '../../store/store.ts'
import type { AuditEntry } from '../../telemetry/audit-log.ts'
import { userCodeParameter } from '../../tunnel/device.ts'
import { gatewayPaths } from '../../tunnel/paths.ts'
import {
  createPageApp,
  readForm,
  sendPage,
  type PageApp,
  type PageContext,
} from '../answers/page-app.ts'
import { sendOnward } from '../answers/onward.ts'
import {
  deviceCodePage,
  deviceDeniedPage,
  deviceDonePage,
  deviceFields,
  deviceQuestionPage,
} from '../html/device-page.ts'
import { failSignIn } from './failed-sign-in.ts'
import { askerOf } from './sign-in-log.ts'
import type { SignInParts } from './parts.ts'
import { onlyOn, redirect, refuseForeign } from './one-origin.ts'
import { deviceId, requireDeviceLogin } from './device-sign-in.ts'

/**
 * A form has a code, a token and two words.
 *
 * @limit the form that approves a machine: 413 `request_too_large`
 */
const maxFormBytes = 4096

/**
 * Where a person signs in a machine without a browser: a page that asks for the code, one that shows
 * what asks for what, and the form on it, which alone changes anything.
 */
export function createDevicePages(parts: SignInParts): PageApp {
  const { origin } = parts
  const app = createPageApp()
  for (const path of [gatewayPaths.device, gatewayPaths.deviceDone]) app.use(path, onlyOn(origin))
  app.use(gatewayPaths.device, bodyLimit({ maxSize: maxFormBytes }))
  app.use(gatewayPaths.device, async (_, next) => {
    requireDeviceLogin(parts)
    await next()
  })
  app.get(gatewayPaths.device, async (c) => show(c, parts))
  app.post(gatewayPaths.device, async (c) => decide(c, parts))
  app.get(gatewayPaths.deviceDone, (c) => sendPage(c, deviceDonePage()))
  return app
}

async function show(c: PageContext, parts: SignInParts): Promise<Response> {
  const { identity } = parts
  const typed = c.req.query(userCodeParameter) ?? ''
  const userCode = parseUserCode(typed)
  const found = await identity.fromCookie(c.req.header('cookie'))
  if (found === undefined) return signInFirst(c, parts, userCode)
  if (typed === '') return sendPage(c, deviceCodePage())
  if (userCode === undefined) {
    return sendPage(c, deviceCodePage('A code has eight letters, such as WDJB-MJHT.'), 404)
  }
  try {
    const record = await findOpen(c, parts, userCode, found.session)
    return sendPage(c, questionPage(parts, record, found.session))
  } catch (error) {
    if (!(error instanceof AccessError && error.code === 'device-code-unknown')) throw error
    const fault = 'This code is wrong, used or older than 10 minutes. Compare it with the terminal.'
    return sendPage(c, deviceCodePage(fault), 404)
  }
}

/** Signs the person in, and comes back. What they typed is kept only if it can be a code. */
async function signInFirst(
  c: PageContext,
  parts: SignInParts,
  userCode: string | undefined,
): Promise<Response> {
  const { origin } = parts
  const page = new URL(gatewayPaths.device, origin)
  if (userCode !== undefined) page.searchParams.set(userCodeParameter, formatUserCode(userCode))
  const target: SignInTarget = { returnTo: page.href, carries: 'nothing' }
  const { location, cookies } = await beginSignIn(c, parts, target)
  return redirect(location, cookies)
}

async function beginSignIn(
  c: PageContext,
  parts: SignInParts,
  target: SignInTarget,
): Promise<BegunSignIn> {
  try {
    const cookieHeader = c.req.header('cookie')
    return await parts.identity.signIn.begin({ target, cookieHeader, address: c.env.client.ip })
  } catch (error) {
    await failSignIn(c, parts, error, target)
    throw error
  }
}

function questionPage(parts: SignInParts, record: DeviceCodeRecord, session: Session): string {
  const { identity } = parts
  // The machine connects from there, and policies may go by that.
  const client = { ip: record.address, endpoints: undefined }
  const onMachine = { client, session, sessionVersion: undefined }
  return deviceQuestionPage({
    code: formatUserCode(record.userCode),
    host: record.host,
    command: record.command,
    address: record.address,
    person: session.email ?? session.name ?? session.userId,
    untilMs: identity.sessionEndMs(),
    routes: parts.routesFor(onMachine).map(({ name }) => name),
    formToken: identity.deviceFormToken({
      sessionId: session.id,
      secretHash: record.secretHash,
    }),
  })
}

/** Everything that must be true before a button counts, the cheapest first. */
async function decide(c: PageContext, parts: SignInParts): Promise<Response> {
  const { identity, origin } = parts
  refuseForeign(c, origin, 'open the page of this gateway yourself and type the code there')
  const found = await identity.fromCookie(c.req.header('cookie'))
  if (found === undefined) throw new AccessError('sign-in-required', 'you are no longer signed in')
  const form = await readForm(c)
  const field = (name: keyof typeof deviceFields): string => {
    const value = form[deviceFields[name]]
    return typeof value === 'string' ? value : ''
  }
  const userCode = parseUserCode(field('code'))
  if (userCode === undefined) throw new PeerError('invalid-request', 'this form has no code')
  const record = await findOpen(c, parts, userCode, found.session)
  const { secretHash } = record
  if (!identity.isDeviceFormToken({ sessionId: found.session.id, secretHash }, field('formToken')))
    throw new AccessError(
      'form-not-ours',
      'this form was not made for this browser and this code',
      {
        hint: 'open the page again, and look at what it shows before you approve it',
      },
    )
  if (field('decision') === 'deny') return deny(c, parts, record, found.session)
  if (field('decision') !== 'approve' || parseUserCode(field('confirmed')) !== userCode)
    throw new PeerError('code-not-confirmed', 'the code was not compared with the terminal', {
      hint: 'go back, compare it, and tick the box',
    })
  return approve(c, parts, record, found.session)
}

async function approve(
  c: PageContext,
  parts: SignInParts,
  record: DeviceCodeRecord,
  session: Session,
): Promise<Response> {
  const { identity, origin, audit } = parts
  await identity.deviceCodes.approve(record, session.userId)
  audit.record({ event: 'device code approved', ...decisionEntry(c, record, session) })
  const { secretHash, host } = record
  const { location, cookies } = await beginSignIn(c, parts, {
    returnTo: new URL(gatewayPaths.deviceDone, origin).href,
    carries: 'nothing',
    device: { secretHash, host, userId: session.userId },
  })
  return sendOnward(c, 'Sign in a machine', location, cookies)
}

async function deny(
  c: PageContext,
  { identity, audit }: SignInParts,
  record: DeviceCodeRecord,
  session: Session,
): Promise<Response> {
  await identity.deviceCodes.deny(record.secretHash)
  audit.record({ event: 'device code denied', ...decisionEntry(c, record, session) })
  return sendPage(c, deviceDeniedPage())
}

/** A code that this person may still decide about. */
async function findOpen(
  c: PageContext,
  { identity }: SignInParts,
  userCode: string,
  { userId }: Session,
): Promise<DeviceCodeRecord> {
  const record = await identity.deviceCodes.find(userCode, { userId, address: c.env.client.ip })
  const { state } = record
  if (state === 'pending' || (state === 'approved' && record.userId === userId)) return record
  throw new AccessError('device-code-over', 'this code was approved or denied already', {
    hint: 'ask for a new one in the terminal if its machine is not signed in',
  })
}

function decisionEntry(
  c: PageContext,
  record: DeviceCodeRecord,
  session: Session,
): Omit<AuditEntry, 'event'> {
  const { host, address } = record
  const addresses = { 'requester-ip': address, 'approver-ip': c.env.client.ip }
  const details = { device: deviceId(record), host, ...addresses }
  return { kind: 'sign-in', session, ...askerOf(c), details }
}
