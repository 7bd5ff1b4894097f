import type { OutgoingHttpHeader } from 'node:http'
import type { SecretKind } from './collected.ts'

/** What is told of each HTTP message of this process. */
export interface HttpWatcher {
  secret(kind: SecretKind, value: string): void
  /** A page, or another text, that was answered to a request of this process, once all of it is there. */
  page(url: string, text: string): void
}

/** Most that is kept of one answer, in bytes. */
export const maxPageBytes = 1_048_576

/** Whether an answer is one that a person, or a script of a page, reads. */
export function isText(contentType = ''): boolean {
  return /^(?:text\/|application\/(?:\w+\+)?json)/.test(contentType)
}

const inAddresses: ReadonlyMap<string, SecretKind> = new Map([
  ['code', 'code'],
  ['state', 'state'],
  ['nonce', 'nonce'],
  ['code_verifier', 'code'],
  ['pomerium_jwt', 'session token'],
  ['token', 'session token'],
])

/** As machines without a browser show it. */
const userCode = /^[A-Z]{4}-[A-Z]{4}$/

/** What a code is one of. */
function precisely(kind: SecretKind, value: string, path: string | undefined): SecretKind {
  if (kind !== 'code') return kind
  if (userCode.test(value)) return 'user code'
  return path === '/.postern/invitation' ? 'invitation' : kind
}

/** What a list is asked for by, such as `?state=answered`: what is made at random is not of lower-case letters alone. */
const plainWord = /^[a-z]+$/

/** Tells what is secret in the address that a request is for. */
export function fromAddress(address: string | undefined, watcher: HttpWatcher): void {
  const url = URL.parse(address ?? '', 'http://localhost')
  for (const [name, value] of url?.searchParams ?? []) {
    const kind = inAddresses.get(name)
    if (kind === 'state' && plainWord.test(value)) continue
    // The one of a sign-in (OpenID Connect Core 1.0, section 3.1.2.1): what the window of Postern Desktop asks a program
    // to sign is no secret.
    if (kind === 'nonce' && url?.searchParams.has('client_id') !== true) continue
    if (kind !== undefined) watcher.secret(precisely(kind, value, url?.pathname), value)
    // An address within an address, such as where a sign-in leads.
    else if (/^https?:/.test(value) && value.length < maxAddressChars) fromAddress(value, watcher)
  }
}

/** Longest address that is looked into, in characters. */
const maxAddressChars = 16_384

/** Header fields by their name, in lower case. */
export type Fields = Readonly<Record<string, OutgoingHttpHeader | undefined>>

/** Tells what is secret in the header fields of a request or an answer. */
export function fromFields(fields: Fields, watcher: HttpWatcher): void {
  const all = (name: string): readonly string[] => [fields[name] ?? []].flat().map(String)
  for (const cookie of [...all('set-cookie'), ...all('cookie').flatMap(parted)]) {
    const [, value = ''] = /^[^=]+=([^;]*)/.exec(cookie) ?? []
    watcher.secret('cookie', value)
  }
  for (const location of all('location')) fromAddress(location, watcher)
  for (const name of ['authorization', 'x-pomerium-authorization', 'cf-access-token'])
    for (const value of all(name)) watcher.secret('authorization', credentialOf(value))
}

function parted(cookies: string): readonly string[] {
  return cookies.split(/; */)
}

function credentialOf(value: string): string {
  return value.replace(/^\w+ +/, '').replace(/^Pomerium-/, '')
}
