import { createHmac, timingSafeEqual } from 'node:crypto'

/** Who may press the button of which form: a browser's session, and the device code it is about. */
export interface DeviceForm {
  readonly sessionId: string
  readonly secretHash: string
}

/**
 * Makes the token that the form about one device code carries in one browser session. It is good as
 * long as the two are; no other site can know it, and none of another browser or code fits.
 */
export function deviceFormToken(key: Uint8Array, { sessionId, secretHash }: DeviceForm): string {
  return createHmac('sha256', key).update(`${sessionId}\n${secretHash}`).digest('base64url')
}

/** Whether `deviceFormToken` made a token for this form. */
export function isDeviceFormToken(key: Uint8Array, form: DeviceForm, token: string): boolean {
  const [given, expected] = [Buffer.from(token), Buffer.from(deviceFormToken(key, form))]
  return given.length === expected.length && timingSafeEqual(given, expected)
}
