import { subscribe } from 'node:diagnostics_channel'
import type { ClientRequest, IncomingMessage, OutgoingHttpHeader, ServerResponse } from 'node:http'
import type { SecretKind } from './collected.ts'

/** What is told of each HTTP message of this process. */
export interface HttpWatcher {
  secret(kind: SecretKind, value: string): void
  /** A page, or another text, that was answered to a request of this process, once all of it is there. */
  page(url: string, text: string): void
}

/** Most that is kept of one answer, in bytes. */
const maxPageBytes = 1_048_576

/**
 * Follows every request of this process, and every answer, over HTTP/1.1, by the channels that Node.js has for it: whoever asks
 * in a test, with whatever client, cannot forget to tell.
 */
export function watchHttp(watcher: HttpWatcher): void {
  subscribe('http.server.response.finish', (message) => {
    const { request, response } = message as {
      request: IncomingMessage
      response: ServerResponse
    }
    fromAddress(request.url, watcher)
    fromFields(request.headers, watcher)
    fromFields(response.getHeaders(), watcher)
  })
  subscribe('http.client.response.finish', (message) => {
    const { request, response } = message as {
      request: ClientRequest
      response: IncomingMessage
    }
    fromAddress(request.path, watcher)
    fromFields(request.getHeaders(), watcher)
    fromFields(response.headers, watcher)
    keepPage(response, (text) => {
      watcher.page(`${request.protocol}//${String(request.getHeader('host'))}${request.path}`, text)
    })
  })
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

function fromAddress(address: string | undefined, watcher: HttpWatcher): void {
  for (const [name, value] of URL.parse(address ?? '', 'http://localhost')?.searchParams ?? []) {
    const kind = inAddresses.get(name)
    if (kind !== undefined) watcher.secret(userCode.test(value) ? 'user code' : kind, value)
    // An address within an address, such as where a sign-in leads.
    else if (/^https?:/.test(value) && value.length < maxAddressChars) fromAddress(value, watcher)
  }
}

/** Longest address that is looked into, in characters. */
const maxAddressChars = 16_384

type Fields = Readonly<Record<string, OutgoingHttpHeader | undefined>>

function fromFields(fields: Fields, watcher: HttpWatcher): void {
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

/** Sees what comes in without taking it from whoever reads it. */
function keepPage(response: IncomingMessage, done: (text: string) => void): void {
  if (!/^(?:text\/|application\/(?:\w+\+)?json)/.test(response.headers['content-type'] ?? ''))
    return
  const chunks: Buffer[] = []
  let leftBytes = maxPageBytes
  const push = response.push.bind(response)
  response.push = (chunk: Buffer | null, ...more) => {
    if (chunk === null) done(Buffer.concat(chunks).toString())
    else if (leftBytes > 0) chunks.push(chunk)
    leftBytes -= chunk?.length ?? 0
    return push(chunk, ...more)
  }
}
