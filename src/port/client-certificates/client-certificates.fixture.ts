import assert from 'node:assert/strict'
import { once } from 'node:events'
import * as http2 from 'node:http2'
import type { TestContext } from 'node:test'
import type * as tls from 'node:tls'
import {
  createCertificateAuthority,
  type CertificateAuthority,
  type CertificatePair,
  type RevokeOptions,
} from '../../net/certificate.ts'
import { parseRoutePolicy } from '../../policy/language/shorthand.ts'
import type { DownstreamMtls } from './trust.ts'
import {
  connectHead,
  connectTls,
  echo,
  startService,
  startTestGateway,
  testRoute,
  type TestGateway,
} from '../../gateway/gateway.fixture.ts'
import { compileNamePattern } from './name-pattern.ts'
import { readRevocationLists } from '../../config/worker/read-revocation-lists.ts'
import type { RevocationList } from './revocation-list.ts'

/** Whom CONNECT asks for. */
export const target = 'echo.example.com:7'
export const root = await createCertificateAuthority({ name: 'Root', pathLength: 1 })
export const below = await root.issueAuthority({ name: 'Below' })
export const other = await createCertificateAuthority({ name: 'Other' })
/** Its own name, and those of what it signs, have no part. */
const nameless = await createCertificateAuthority({ name: '' })
export const laptop = { name: 'laptop', dns: ['laptop.corp.example'] }
export const past = new Date(Date.now() - 60_000)
export const good = await root.issueClient(laptop)
export const revoked = await root.issueClient({ ...laptop, name: 'stolen laptop' })
export const ofBelow = await below.issueClient(laptop)
export const deep = { cert: ofBelow.cert + below.cert, key: ofBelow.key }

/** Certificates that are good for nothing, by what is wrong with them, and what the log says of it. */
export const bad: Readonly<Record<string, readonly [CertificatePair, RegExp]>> = {
  'of another authority': [await other.issueClient(laptop), /no authority/],
  'without a subject or an issuer': [await nameless.issueClient({ name: '' }), /no authority/],
  expired: [await root.issueClient(laptop, { notAfter: past }), /expired/],
  'not valid yet': [
    await root.issueClient(laptop, { notBefore: new Date(Date.now() + 3_600_000) }),
    /not valid yet/,
  ],
  revoked: [revoked, /"CN=Root" has revoked it/],
  'under another name': [await root.issueClient({ name: 'x', dns: ['evil.example'] }), /names/],
  'without names': [await root.issueClient({ name: 'laptop.corp.example' }), /names/],
  'too far below its authority': [deep, /max_verify_depth/],
  'of an authority that it does not send': [ofBelow, /no authority/],
  'for servers': [await root.issue(['laptop.corp.example']), /client authentication/],
}

/** What an authority has revoked, read. */
export async function revoking(
  by: CertificateAuthority,
  certificates: readonly string[],
  options?: RevokeOptions,
): Promise<readonly RevocationList[]> {
  return readRevocationLists(await by.revoke(certificates, options))
}

const pattern = '.*\\.corp\\.example'
/** Trusts what `root` signed for a laptop, and `revoked` no longer. */
export const settings: DownstreamMtls = {
  ca: root.cert,
  revocationLists: await revoking(root, [revoked.cert]),
  enforcement: 'policy_with_default_deny',
  matchSubjectAltNames: [{ kind: 'dns', pattern, matches: compileNamePattern(pattern) }],
  maxVerifyDepth: 1,
}

type Alpn = 'http/1.1' | 'h2'
/** What an answer says. */
export interface Said {
  readonly status: number
  readonly body: string
}

/** What CONNECT or a page gets; undefined when the connection ends without a byte of HTTP. */
export async function ask(
  { port }: TestGateway,
  pair: CertificatePair | undefined,
  alpn: Alpn,
  page?: string,
): Promise<Said | undefined> {
  const socket = await connectTls(port, [alpn], { ...pair }).catch(() => undefined)
  if (socket === undefined) return undefined
  socket.on('error', () => undefined)
  try {
    return alpn === 'h2' ? await askHttp2(socket, page) : await askHttp1(socket, page)
  } finally {
    socket.destroy()
  }
}

/** The same on a connection that is there. */
export async function askHttp1(socket: tls.TLSSocket, page?: string): Promise<Said | undefined> {
  const head =
    page === undefined
      ? connectHead(target, 'Accept: application/json')
      : `GET ${page} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`
  socket.write(head)
  let text = ''
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString()
    if (text.startsWith('HTTP/1.1 200')) socket.end()
  })
  await new Promise((resolve) => socket.once('end', resolve).once('close', resolve))
  const [, status, body] = /^HTTP\/1\.1 (\d+)[^]*?\r\n\r\n([^]*)$/.exec(text) ?? []
  return status === undefined ? undefined : { status: Number(status), body: body ?? '' }
}

export async function askHttp2(socket: tls.TLSSocket, page?: string): Promise<Said | undefined> {
  // Half open, it would wait for a gateway that has gone.
  socket.once('end', () => socket.destroy())
  const session = http2.connect('https://localhost', { createConnection: () => socket })
  session.on('error', () => undefined)
  const said = await askStream(session, page)
  session.destroy()
  return said
}

/** The same as one stream of HTTP/2. */
export function askStream(
  session: http2.ClientHttp2Session,
  page?: string,
): Promise<Said | undefined> {
  const fields =
    page === undefined
      ? { ':method': 'CONNECT', ':authority': target, accept: 'application/json' }
      : { ':path': page }
  const stream = session.request(fields)
  return new Promise((resolve) => {
    let status = 0
    let body = ''
    stream.on('error', () => undefined)
    stream.on('response', (headers) => {
      status = headers[':status'] ?? 0
      if (status === 200) stream.end()
    })
    stream.on('data', (chunk: Buffer) => (body += chunk.toString()))
    stream.on('close', () => resolve(status === 0 ? undefined : { status, body }))
  })
}

/** A gateway with one route to an echo service; public unless it has a policy. */
export async function start(
  t: TestContext,
  changes: Partial<DownstreamMtls> = {},
  policy?: unknown,
): Promise<{ gateway: TestGateway; route: ReturnType<typeof testRoute>; mtls: DownstreamMtls }> {
  const service = await startService(echo)
  t.after(() => service[Symbol.asyncDispose]())
  const mtls = { ...settings, ...changes }
  const route = routeTo(service.port, mtls, policy)
  const gateway = await startTestGateway([route], {
    downstreamMtls: mtls,
    accessLogFields: ['response-code', 'client-certificate', 'error', 'reasons', 'ended'],
  })
  t.after(() => gateway[Symbol.asyncDispose]())
  return { gateway, route, mtls }
}

function routeTo(
  port: number,
  { enforcement }: DownstreamMtls,
  policy?: unknown,
): ReturnType<typeof testRoute> {
  const shorthand = policy === undefined ? { allowPublicUnauthenticatedAccess: true } : {}
  const use = enforcement === 'policy' ? 'policy' : 'default-deny'
  const parsed = parseRoutePolicy(policy, shorthand, use)
  assert.ok('policy' in parsed)
  return testRoute(`tcp+https://${target}`, [port], undefined, { policy: parsed.policy })
}

/** The code of a refusal. */
export const codeOf = (said: Said | undefined): unknown =>
  said === undefined ? undefined : (JSON.parse(said.body) as { error: string }).error

/** A tunnel that has carried a byte, over HTTP/1.1. */
export async function openTunnel(
  { port }: TestGateway,
  pair: CertificatePair,
  more: tls.ConnectionOptions = {},
): Promise<tls.TLSSocket> {
  const socket = await connectTls(port, ['http/1.1'], { ...pair, ...more })
  socket.on('error', () => undefined)
  socket.write(connectHead(target))
  const [head] = (await once(socket, 'data')) as [Buffer]
  assert.match(head.toString(), /^HTTP\/1\.1 200 /)
  return socket
}
