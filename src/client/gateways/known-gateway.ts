import { SystemError } from '../../errors.ts'
import { parseGatewayUrl, type GatewayAddress } from '../../reach/destination.ts'
import { printable } from '../../terminal-text.ts'

/** A gateway as a person has named it once, by `postern login`. */
export interface KnownGateway {
  /** By which commands take it, `--gateway NAME`; see `isGatewayName`. */
  readonly name: string
  /** `https://host` or `https://host:port`: the one address by which it is reached and signed in to. */
  readonly url: string
  /** Certificate authorities that vouch for it and for no other gateway, PEM; undefined for those of the system. */
  readonly ca?: string | undefined
  /** Who signed in last. */
  readonly account?: string | undefined
  /** Its other addresses, in the form of `url`: whoever names one of them is led to `url`. */
  readonly knownNames: readonly string[]
}

/** Every gateway that is remembered. */
export interface KnownGateways {
  readonly gateways: readonly KnownGateway[]
  /** The name of the one that is meant where none is named. */
  readonly defaultName: string | undefined
}

export const noGateways: KnownGateways = { gateways: [], defaultName: undefined }

/** The form of the file: a later release that changes it counts up. */
export const formVersion = 1

/** @limit remembered gateways: another one is not remembered */
export const maxGateways = 100
/** @limit other addresses of one remembered gateway: further ones are not remembered */
export const maxKnownNames = 100
/** @limit the certificate authorities of a remembered gateway, in characters: they are not remembered */
export const maxCaChars = 256 * 1024
/** @limit the name of a remembered gateway, in characters: it is refused */
const maxNameChars = 63

/** Whether a text can be a gateway's name: letters, digits and hyphens, so that no name is an address with a dot or a port. */
export function isGatewayName(text: string): boolean {
  return text.length <= maxNameChars && /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/.test(text)
}

/** A name for a gateway, of the first label of its host; with a number behind it where others have it already. */
export function freeName(
  { host }: Pick<GatewayAddress, 'host'>,
  taken: ReadonlySet<string>,
): string {
  const label = host.includes(':') || /^[0-9.]+$/.test(host) ? 'gateway' : host.split('.', 1)[0]
  const plain = (label ?? '').replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-+|-+$/g, '')
  const base = plain === '' ? 'gateway' : plain
  for (let number = 1; ; number += 1) {
    const suffix = number === 1 ? '' : `-${number}`
    const name = `${base.slice(0, maxNameChars - suffix.length).replace(/-+$/, '')}${suffix}`
    if (!taken.has(name)) return name
  }
}

/** The default one. */
export function defaultGateway({ gateways, defaultName }: KnownGateways): KnownGateway | undefined {
  return gateways.find(({ name }) => name === defaultName)
}

/** The one that an address leads to. */
export function gatewayAt(origin: string, { gateways }: KnownGateways): KnownGateway | undefined {
  return (
    gateways.find(({ url }) => url === origin) ??
    gateways.find(({ knownNames }) => knownNames.includes(origin))
  )
}

/**
 * Reads what the file says. Keys that nobody knows are passed over.
 *
 * @throws Error whose message is what is wrong
 */
export function decodeGateways(value: unknown): KnownGateways {
  const fields = objectOf(value, 'the whole')
  if (fields['version'] !== formVersion) throw new Error(`"version" must be ${formVersion}`)
  const list = fields['gateways']
  if (!Array.isArray(list)) throw new Error('"gateways" must be a list')
  if (list.length > maxGateways) throw new Error(`"gateways" has more than ${maxGateways}`)
  const gateways = list.map((entry, index) => decodeGateway(entry, `gateways[${index}]`))
  const [names, urls] = [gateways.map(({ name }) => name), gateways.map(({ url }) => url)]
  for (const all of [names, urls]) {
    const twice = all.find((text, index) => all.indexOf(text) !== index)
    if (twice !== undefined) throw new Error(`"${twice}" is there twice`)
  }
  const defaultName = names.find((name) => name === fields['default'])
  return { gateways, defaultName }
}

/** Writes the text of the file. */
export function encodeGateways({ gateways, defaultName }: KnownGateways): string {
  const entries = gateways.map(({ name, url, ca, account, knownNames }) => ({
    name,
    url,
    ca,
    account,
    ...(knownNames.length > 0 && { known_names: knownNames }),
  }))
  const value = { version: formVersion, default: defaultName, gateways: entries }
  return `${JSON.stringify(value, undefined, 2)}\n`
}

function decodeGateway(value: unknown, at: string): KnownGateway {
  const { name, url, ca, account, known_names: names = [] } = objectOf(value, at)
  if (typeof name !== 'string' || !isGatewayName(name)) throw new Error(`${at}.name is no name`)
  const isPem = typeof ca === 'string' && ca.length <= maxCaChars && ca.includes('CERTIFICATE')
  if (ca !== undefined && !isPem) throw new Error(`${at}.ca is no PEM`)
  if (!Array.isArray(names) || names.length > maxKnownNames) {
    throw new Error(`${at}.known_names must be a list of at most ${maxKnownNames}`)
  }
  return {
    name,
    url: originOf(url, `${at}.url`),
    ...(isPem && { ca }),
    ...(account !== undefined && { account: printable(account) }),
    knownNames: names.map((text, index) => originOf(text, `${at}.known_names[${index}]`)),
  }
}

function originOf(value: unknown, at: string): string {
  try {
    if (typeof value === 'string') return parseGatewayUrl(value).origin
  } catch (error) {
    if (!(error instanceof SystemError)) throw error
  }
  throw new Error(`${at} is not the address of a gateway`)
}

function objectOf(value: unknown, at: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  throw new Error(`${at} must be an object`)
}
