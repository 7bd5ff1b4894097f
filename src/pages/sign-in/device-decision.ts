import { AccessError, PeerError } from '../../errors.ts'
import { parseUserCode, type DevicePurpose } from '../../identity/device-codes.ts'
import type { DeviceTarget, SignInTarget } from '../../identity/pending-flow.ts'
import type { Session } from '../../identity/session.ts'
import type { BegunSignIn } from '../../identity/sign-in.ts'
import type { DeviceCodeRecord } from '../../store/store.ts'
import type { AuditEntry } from '../../telemetry/audit-log.ts'
import { gatewayPaths } from '../../tunnel/paths.ts'
import { sendOnward } from '../answers/onward.ts'
import { readForm } from '../answers/body.ts'
import { sendPage, type PageContext } from '../answers/page-app.ts'
import { deviceDeniedPage, deviceFields } from '../html/device-page.ts'
import { deviceId, finishDevice } from './device-sign-in.ts'
import { failSignIn } from './failed-sign-in.ts'
import { redirect, refuseForeign } from './one-origin.ts'
import type { SignInParts } from './parts.ts'
import { askerOf } from './sign-in-log.ts'

/** A form that somebody has sent about a code that is theirs to decide about. */
export interface Decision {
  readonly record: DeviceCodeRecord
  readonly session: Session
  /** `approve` only where the code was compared. */
  readonly said: 'approve' | 'deny'
  field(name: string): string
}

/** Everything that must be true before a button counts, the cheapest first. */
export async function readDecision(
  c: PageContext,
  parts: SignInParts,
  purpose: DevicePurpose,
): Promise<Decision> {
  const { identity, origin } = parts
  refuseForeign(c, origin, 'open the page of this gateway yourself and type the code there')
  const found = await identity.fromCookie(c.req.header('cookie'))
  if (found === undefined) throw new AccessError('sign-in-required', 'you are no longer signed in')
  const { session } = found
  const form = await readForm(c)
  const field = (name: string): string => {
    const value = form[name]
    return typeof value === 'string' ? value : ''
  }
  const userCode = parseUserCode(field(deviceFields.code))
  if (userCode === undefined) throw new PeerError('invalid-request', 'this form has no code')
  const record = await findOpen(c, parts, userCode, session, purpose)
  const { secretHash } = record
  const token = field(deviceFields.formToken)
  if (!identity.isDeviceFormToken({ sessionId: session.id, secretHash }, token))
    throw new AccessError(
      'form-not-ours',
      'this form was not made for this browser and this code',
      {
        hint: 'open the page again, and look at what it shows before you approve it',
      },
    )
  const said = field(deviceFields.decision)
  if (said === 'deny') return { record, session, said, field }
  if (said !== 'approve' || parseUserCode(field(deviceFields.confirmed)) !== userCode)
    throw new PeerError('code-not-confirmed', 'the code was not compared with the terminal', {
      hint: 'go back, compare it, and tick the box',
    })
  return { record, session, said, field }
}

export async function decide(c: PageContext, parts: SignInParts): Promise<Response> {
  const { record, session, said, field } = await readDecision(c, parts, 'session')
  if (said === 'deny') return deny(c, parts, record, session)
  return isMadeFor(parts, record, session, field(deviceFields.signInToken))
    ? handOver(c, parts, record, session)
    : approve(c, parts, record, session)
}

/** Whether a session was made on the page of this very code, so that its machine may have it. */
export function isMadeFor(
  { identity }: Pick<SignInParts, 'identity'>,
  { userCode }: DeviceCodeRecord,
  { id: sessionId }: Session,
  token: string,
): boolean {
  return identity.isDeviceSignInToken({ sessionId, userCode }, token)
}

/**
 * Gives the machine the session that this browser has got for it a moment ago, and takes it from the browser: the
 * person has been to the provider once, and neither has what the other one does.
 */
async function handOver(
  c: PageContext,
  parts: SignInParts,
  record: DeviceCodeRecord,
  session: Session,
): Promise<Response> {
  const { identity, audit } = parts
  await identity.deviceCodes.approve(record, session.userId)
  // Of two presses one hands it over, and alone may end it where that fails: the machine may have it already.
  if (!(await identity.sessions.nameDevice(session.id, record))) throw codeIsDecided()
  audit.record({ event: 'device code approved', ...decisionEntry(c, record, session) })
  const done = await finishDevice(c, parts, targetFor(record, session), session)
  return redirect(done, [identity.cookie.clear()])
}

/** @limit none: characters of a machine's command that the last page shows */
const maxShownCommand = 60

function targetFor(
  { secretHash, host, command, address }: DeviceCodeRecord,
  { userId }: Session,
): DeviceTarget {
  const shown = command.slice(0, maxShownCommand).toWellFormed()
  return { secretHash, host, command: shown, userId, address }
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
  const { location, cookies } = await beginSignIn(
    c,
    parts,
    {
      returnTo: new URL(gatewayPaths.deviceDone, origin).href,
      carries: 'nothing',
      device: targetFor(record, session),
    },
    session.provider,
  )
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
export async function findOpen(
  c: PageContext,
  { identity }: SignInParts,
  userCode: string,
  { userId }: Session,
  purpose: DevicePurpose = 'session',
): Promise<DeviceCodeRecord> {
  const viewer = { userId, address: c.env.client.ip }
  const record = await identity.deviceCodes.find(userCode, viewer, purpose)
  const { state } = record
  if (state === 'pending' || (state === 'approved' && record.userId === userId)) return record
  throw codeIsDecided()
}

function codeIsDecided(): AccessError {
  return new AccessError('device-code-over', 'this code has already been approved or denied', {
    hint: 'ask for a new one in the terminal if its machine is not signed in',
  })
}

export function decisionEntry(
  c: PageContext,
  record: DeviceCodeRecord,
  session: Session,
): Omit<AuditEntry, 'event'> {
  const { host, address } = record
  const addresses = { 'requester-ip': address, 'approver-ip': c.env.client.ip }
  const details = { device: deviceId(record), host, ...addresses }
  return { kind: 'sign-in', session, ...askerOf(c), details }
}

/** Sends a person to the provider; when that cannot be done, whoever waits is told. */
export async function beginSignIn(
  c: PageContext,
  parts: SignInParts,
  target: SignInTarget,
  provider: string,
): Promise<BegunSignIn> {
  try {
    const cookieHeader = c.req.header('cookie')
    const address = c.env.client.ip
    return await parts.identity.signIn.begin({ target, provider, cookieHeader, address })
  } catch (error) {
    await failSignIn(c, parts, error, target)
    throw error
  }
}
