import { printable } from '../terminal-text.ts'

/**
 * How a machine without a browser gets a token, after RFC 8628: it asks for a code, shows it to a
 * person, and polls with a secret until that person has approved the code in a browser elsewhere.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8628
 */
export interface DeviceCodeRequest {
  readonly host: string
  /** What the person runs there. */
  readonly command: string
}

/** What the machine shows, and the secret it polls with (RFC 8628 §3.2). */
export interface DeviceCodeAnswer {
  /** The secret. */
  readonly deviceCode: string
  /** `WDJB-MJHT` */
  readonly userCode: string
  readonly verificationUri: string
  /** The same with the code in it; for the QR code. */
  readonly verificationUriComplete: string
  readonly expiresInSeconds: number
  /** Least time between two questions. */
  readonly intervalSeconds: number
}

/** Why there is no token (yet), in the words of RFC 8628 §3.5. */
export const deviceErrors = {
  pending: 'authorization_pending',
  slowDown: 'slow_down',
  denied: 'access_denied',
  expired: 'expired_token',
} as const

/** The code of the refusal where `device_login` is false. */
export const deviceLoginOff = 'device_login_off'

/** Query parameter of the page; named so that logs hide its value. */
export const userCodeParameter = 'code'

/**
 * Longest texts that a machine may say of itself, in characters.
 *
 * @limit the name that a machine gives itself: the rest is cut off
 */
export const maxHostLength = 100
/** @limit the command that a machine says it runs: the rest is cut off */
export const maxCommandLength = 200

const grantType = 'urn:ietf:params:oauth:grant-type:device_code'
const fields = {
  host: 'host',
  command: 'command',
  grantType: 'grant_type',
  deviceCode: 'device_code',
} as const

/** A form as the gateway has parsed it. */
export type DeviceForm = Readonly<Record<string, unknown>>

/** Writes the form body that asks for a code. */
export function encodeDeviceCodeRequest({ host, command }: DeviceCodeRequest): string {
  return new URLSearchParams({ [fields.host]: host, [fields.command]: command }).toString()
}

/**
 * Reads what a machine says of itself. Nothing of it is true by being said: control characters and
 * whatever turns the direction of text are gone, and the length is bounded.
 */
export function decodeDeviceCodeRequest(form: DeviceForm): DeviceCodeRequest {
  return {
    host: cleaned(form[fields.host], maxHostLength),
    command: cleaned(form[fields.command], maxCommandLength),
  }
}

/** Writes the JSON body that answers with a code. */
export function encodeDeviceCodeAnswer(answer: DeviceCodeAnswer): string {
  return JSON.stringify({
    device_code: answer.deviceCode,
    user_code: answer.userCode,
    verification_uri: answer.verificationUri,
    verification_uri_complete: answer.verificationUriComplete,
    expires_in: answer.expiresInSeconds,
    interval: answer.intervalSeconds,
  })
}

/** Reads the JSON body that answers with a code; undefined when it is not one to be shown and used. */
export function decodeDeviceCodeAnswer(text: string): DeviceCodeAnswer | undefined {
  const object = parseObject(text)
  const [deviceCode, userCode] = [object['device_code'], object['user_code']]
  const verificationUri = webAddress(object['verification_uri'])
  const verificationUriComplete = webAddress(object['verification_uri_complete']) ?? verificationUri
  const expiresInSeconds = seconds(object['expires_in'])
  if (typeof deviceCode !== 'string' || !/^[\w.~+/=-]{16,512}$/.test(deviceCode)) return undefined
  if (typeof userCode !== 'string' || !/^[\w-]{4,32}$/.test(userCode)) return undefined
  if (verificationUri === undefined || verificationUriComplete === undefined) return undefined
  if (expiresInSeconds === undefined) return undefined
  const intervalSeconds = seconds(object['interval']) ?? defaultIntervalSeconds
  return {
    deviceCode,
    userCode,
    verificationUri,
    verificationUriComplete,
    expiresInSeconds,
    intervalSeconds,
  }
}

/** RFC 8628 §3.2: what holds when the other side does not say. */
const defaultIntervalSeconds = 5
/** @limit none: times that a gateway says */
const maxSeconds = 86_400
/** @limit none: addresses that a gateway says */
const maxAddressLength = 2000

/** Writes the form body that polls (RFC 8628 §3.4). */
export function encodeDevicePoll(deviceCode: string): string {
  return new URLSearchParams({
    [fields.grantType]: grantType,
    [fields.deviceCode]: deviceCode,
  }).toString()
}

/** Reads the secret of a form that polls; undefined when it is no such form. */
export function decodeDevicePoll(form: DeviceForm): string | undefined {
  const secret = form[fields.deviceCode]
  if (form[fields.grantType] !== grantType || typeof secret !== 'string') return undefined
  return secret.length > 0 && secret.length <= 512 ? secret : undefined
}

function cleaned(value: unknown, maxLength: number): string {
  return printable(value).slice(0, maxLength).toWellFormed().trim()
}

/** An address to be printed and opened: nothing but `https:`, or `http:` of a test. */
function webAddress(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > maxAddressLength) return undefined
  const url = URL.parse(value)
  return url?.protocol === 'https:' || url?.protocol === 'http:' ? url.href : undefined
}

function seconds(value: unknown): number | undefined {
  return typeof value === 'number' && value > 0 && value <= maxSeconds ? value : undefined
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}
