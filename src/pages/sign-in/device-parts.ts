import type { DeviceCodeRecord } from '../../store/store.ts'
import { AccessError } from '../../errors.ts'
import { deviceLoginOff } from '../../tunnel/device.ts'
import type { SignInParts } from './parts.ts'

/** Throws `AccessError` `device-login-off` where the configuration turns the whole thing off. */
export function requireDeviceLogin({ deviceLogin }: Pick<SignInParts, 'deviceLogin'>): void {
  if (deviceLogin()) return
  throw new AccessError(
    deviceLoginOff.replaceAll('_', '-'),
    'this gateway signs in no machines without a browser',
    { hint: 'sign in with a browser on that machine, or ask for a service account' },
  )
}

/** Names a device code in the log, and is of no use to who reads it. */
export function deviceId({ secretHash }: Pick<DeviceCodeRecord, 'secretHash'>): string {
  return secretHash.slice(0, 8)
}
