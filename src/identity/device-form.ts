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

/** A session that a browser was given by a sign-in which the page of one device code had begun. */
export interface DeviceSignIn {
  readonly sessionId: string
  /** As it is kept, of which nobody has looked yet whether there is one. */
  readonly userCode: string
}

/**
 * Says that a session was made for one device code and nothing else: it may be handed over to its machine, once its
 * person has confirmed that. Of no use without the session's cookie.
 */
export function deviceSignInToken(key: Uint8Array, { sessionId, userCode }: DeviceSignIn): string {
  const text = `made for\n${userCode}\n${sessionId}`
  return createHmac('sha256', key).update(text).digest('base64url')
}

/** Whether `deviceSignInToken` made a token for this sign-in. */
export function isDeviceSignInToken(key: Uint8Array, signIn: DeviceSignIn, token: string): boolean {
  return isSame(token, deviceSignInToken(key, signIn))
}

/** Whether `deviceFormToken` made a token for this form. */
export function isDeviceFormToken(key: Uint8Array, form: DeviceForm, token: string): boolean {
  return isSame(token, deviceFormToken(key, form))
}

function isSame(one: string, other: string): boolean {
  const [given, expected] = [Buffer.from(one), Buffer.from(other)]
  return given.length === expected.length && timingSafeEqual(given, expected)
}
