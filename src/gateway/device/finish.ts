import { AccessError, messageOf } from '../../errors.ts'
import type { DeviceTarget } from '../../identity/pending-flow.ts'
import type { Session } from '../../identity/session.ts'
import type { UnfinishedSignIn } from '../../identity/sign-in.ts'
import { gatewayPaths } from '../../tunnel/paths.ts'
import type { SignInParts } from '../sign-in/parts.ts'
import { deviceId } from './parts.ts'

/**
 * Hands a new session over to the machine it was made for; answers where the browser goes then. The
 * browser's own session stays what it is. Throws `AccessError` `device-code-over`, and ends the
 * session, when the code has ended meanwhile.
 */
export async function finishDevice(
  { identity, origin, logger, deviceLogin }: SignInParts,
  device: DeviceTarget,
  session: Session,
  approverIp: string,
): Promise<URL> {
  const signedIn = { userId: session.userId, sessionId: session.id }
  if (!deviceLogin() || !(await identity.deviceCodes.attach(device.secretHash, signedIn))) {
    await identity.sessions.revoke(session.id)
    throw new AccessError('device-code-over', 'the code of this machine has ended meanwhile', {
      hint: 'ask for a new one in its terminal',
    })
  }
  logger.info('device session made', {
    device: deviceId(device),
    host: device.host,
    'approver-ip': approverIp,
    user: session.userId,
    email: session.email,
    'session-id': session.id,
  })
  return new URL(gatewayPaths.deviceDone, origin)
}

/** Refusals after which the machine need not wait any longer; after others the person can try again. */
const final = new Set(['another-person', 'provider-refused'])

/** Tells a machine that its sign-in came to nothing. Never rejects. */
export async function failDevice(
  { identity, logger }: SignInParts,
  { target, code }: UnfinishedSignIn,
  approverIp: string,
): Promise<void> {
  const { device } = target
  if (device === undefined || !final.has(code)) return
  const fields = { device: deviceId(device), host: device.host, 'approver-ip': approverIp }
  try {
    await identity.deviceCodes.deny(device.secretHash)
    logger.info('device code denied', { ...fields, reason: code })
  } catch (error) {
    logger.warn('device code not denied', { ...fields, error: messageOf(error) })
  }
}
