import { AccessError, AppError, messageOf } from '../../errors.ts'
import type { DeviceTarget } from '../../identity/pending-flow.ts'
import type { Session } from '../../identity/session.ts'
import type { DeviceCodeRecord } from '../../store/store.ts'
import { deviceLoginOff } from '../../tunnel/device.ts'
import { gatewayPaths } from '../../tunnel/paths.ts'
import type { PageContext } from '../answers/page-app.ts'
import type { SignedInMachine } from '../html/device-page.ts'
import type { SignInParts } from './parts.ts'
import { askerOf } from './sign-in-log.ts'

/** Throws `AccessError` `device-login-off` where the configuration turns the whole thing off. */
export function requireDeviceLogin({ deviceLogin }: Pick<SignInParts, 'deviceLogin'>): void {
  if (deviceLogin()) return
  throw new AccessError(
    deviceLoginOff.replaceAll('_', '-'),
    'this gateway does not sign in machines without a browser',
    { hint: 'sign in with a browser on that machine, or ask for a service account' },
  )
}

/** Names a device code in the log, and is of no use to who reads it. */
export function deviceId({ secretHash }: Pick<DeviceCodeRecord, 'secretHash'>): string {
  return secretHash.slice(0, 8)
}

/**
 * Hands a new session over to the machine it was made for; answers where the browser goes then. The
 * browser's own session stays what it is. Throws `AccessError` `device-code-over`, and ends the
 * session, when the code has ended meanwhile.
 */
export async function finishDevice(
  c: PageContext,
  { identity, origin, audit, deviceLogin }: SignInParts,
  device: DeviceTarget,
  session: Session,
): Promise<URL> {
  const signedIn = { userId: session.userId, sessionId: session.id }
  if (!deviceLogin() || !(await identity.deviceCodes.attach(device.secretHash, signedIn))) {
    await identity.sessions.revoke(session.id)
    throw new AccessError('device-code-over', 'the code of this machine is no longer valid', {
      hint: 'ask for a new one in its terminal',
    })
  }
  audit.record({
    kind: 'sign-in',
    event: 'device session made',
    session,
    ...askerOf(c),
    details: { device: deviceId(device), host: device.host, 'approver-ip': c.env.client.ip },
  })
  return identity.signUrl(doneUrl(origin, device, session))
}

/** Fields of the address of the last page, which says what became of the machine. */
const doneFields = { host: 'host', command: 'command', person: 'person', until: 'until' } as const

function doneUrl(origin: URL, { host, command }: DeviceTarget, session: Session): URL {
  const url = new URL(gatewayPaths.deviceDone, origin)
  const { host: hostField, command: commandField, person, until } = doneFields
  url.searchParams.set(hostField, host)
  url.searchParams.set(commandField, command)
  url.searchParams.set(person, session.email ?? session.name ?? session.userId)
  url.searchParams.set(until, String(session.expiresAtMs))
  return url
}

/** What the address of the last page says, where this gateway has made it within the last minutes. */
export function signedInMachine(
  c: PageContext,
  { identity, origin }: Pick<SignInParts, 'identity' | 'origin'>,
): SignedInMachine | undefined {
  const { pathname, search } = new URL(c.req.url)
  try {
    identity.verifySignedUrl(new URL(`${pathname}${search}`, origin))
  } catch {
    return undefined
  }
  const field = (name: string): string => c.req.query(name) ?? ''
  return {
    host: field(doneFields.host),
    command: field(doneFields.command),
    person: field(doneFields.person),
    gateway: origin.host,
    untilMs: Number(field(doneFields.until)),
  }
}

/**
 * Tells a machine that its sign-in came to nothing, and why, so that it does not wait for one that
 * nobody will finish. Never rejects.
 */
export async function failDevice(
  c: PageContext,
  { identity, logger }: SignInParts,
  device: DeviceTarget,
  error: unknown,
): Promise<void> {
  const fields = { device: deviceId(device), host: device.host, 'approver-ip': c.env.client.ip }
  const { code, message } = inWords(error)
  // Then the machine has its answer already: a session, a denial, or that its time is over.
  if (code === 'device-code-over') return
  try {
    await identity.deviceCodes.deny(device.secretHash, message)
    logger.info('device code denied', { ...fields, reason: code })
  } catch (fault) {
    // The usual one: its code is over, which is what the machine is told.
    logger.info('device code not denied', { ...fields, error: messageOf(fault) })
  }
}

/** An error that was not thrown on purpose tells nothing of itself. */
export function inWords(error: unknown): { readonly code: string; readonly message: string } {
  if (error instanceof AppError) return error
  return { code: 'internal-error', message: 'the gateway failed to finish this sign-in' }
}
