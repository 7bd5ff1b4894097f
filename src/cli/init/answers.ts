import { isIP } from 'node:net'
import { isLoopbackHost, type HostPort } from '../../address.ts'
import type { ProviderName } from '../../config/keys/providers.ts'

/** What somebody has decided about a new gateway. */
export interface InitAnswers {
  /** By which people reach it. */
  readonly host: string
  /** As `address` takes it. */
  readonly listen: string
  readonly certificates: CertificateChoice
  readonly signIn: SignInChoice
  /** Who administers it; the certificate authority may write there. */
  readonly email: string
  /** A domain, or an email address: who may use the first service. */
  readonly allow: string
  readonly service: FirstService | undefined
}

export type CertificateChoice =
  /** Fetched from Let's Encrypt, or from the authority of this ACME directory, which this CA file vouches for. */
  | { readonly kind: 'acme'; readonly authority?: AcmeAuthority | undefined }
  /** Of an authority that is made here, for trying things out. */
  | { readonly kind: 'local' }
  /** Paths, as they are to stand in the configuration. */
  | { readonly kind: 'files'; readonly certificate: string; readonly key: string }

export interface AcmeAuthority {
  /** Of its directory, https. */
  readonly url: string
  /** A path, as it is to stand in the configuration. */
  readonly caFile: string | undefined
}

export const certificateKinds = ['acme', 'local', 'files'] as const

/** Who says who somebody is. */
export type SignInChoice =
  /** The gateway itself: accounts with passkeys. */
  { readonly provider: 'passkeys' } | ProviderChoice

export interface ProviderChoice {
  readonly provider: ProviderName
  /** Undefined where the provider knows its own. */
  readonly url: string | undefined
  readonly clientId: string
  readonly secret: ClientSecret
}

export type ClientSecret =
  /** A path, as it is to stand in the configuration. */
  | { readonly file: string }
  /** It is written to a file of its own. */
  | { readonly text: string }

export interface FirstService {
  readonly name: string
  readonly to: HostPort
}

/** Names that no public authority gives a certificate for (RFC 2606, RFC 6762, RFC 8375, and private use). */
const privateEndings = ['local', 'localhost', 'internal', 'lan', 'home.arpa', 'test', 'example']

/** Whether a public certificate authority may give a certificate for this host. */
export function isPublicName(host: string): boolean {
  if (isIP(host) !== 0 || isLoopbackHost(host) || !host.includes('.')) return false
  return !privateEndings.some((ending) => host.endsWith(`.${ending}`))
}

/** Domains at which everybody may have an address: nobody lets all of them in by the way. */
const publicMail = [
  'gmail.com',
  'googlemail.com',
  'outlook.com',
  'hotmail.com',
  'live.com',
  'msn.com',
  'yahoo.com',
  'icloud.com',
  'me.com',
  'aol.com',
  'proton.me',
  'protonmail.com',
  'gmx.com',
  'gmx.de',
  'gmx.net',
  'web.de',
  'mail.ru',
  'qq.com',
]

/** Who is meant unless somebody says otherwise: everybody of the company, else the one who asks. */
export function allowedWith(email: string): string {
  const domain = email.slice(email.indexOf('@') + 1).toLowerCase()
  return publicMail.includes(domain) ? email : domain
}

/** Where it listens unless somebody says otherwise. */
export function listenFor(host: string): string {
  return isLoopbackHost(host) ? '127.0.0.1:8443' : ':443'
}

/** The origin under which browsers reach it. */
export function originOf({
  host,
  listen,
  certificates,
}: Pick<InitAnswers, 'host' | 'listen' | 'certificates'>): string {
  const port = listen.slice(listen.lastIndexOf(':') + 1)
  // An authority looks at port 443 alone: whatever leads from there to another one stands before the gateway.
  return `https://${host}${port === '443' || certificates.kind === 'acme' ? '' : `:${port}`}`
}
