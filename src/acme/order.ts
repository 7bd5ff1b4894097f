import type * as acme from 'acme-client'
import type { Clock } from '../clock.ts'
import { UpstreamError } from '../errors.ts'
import { createCertificateRequest } from '../net/certificate-request.ts'
import { mustStaple as hasFeature } from '../net/ocsp/must-staple.ts'
import { canServe, parseChain, parseKey } from '../net/pem.ts'
import { pause } from '../pause.ts'
import type { Certificate } from '../port/tls-contexts.ts'
import { printable } from '../terminal-text.ts'
import type { ChallengeType } from './challenges.ts'

/** What is shown to an authority while it looks, and then taken away. */
export interface Proof {
  readonly type: ChallengeType
  /** Without `*.` of a wildcard. */
  readonly name: string
  readonly token: string
  /** The key authorization (RFC 8555 §8.1); for `dns-01` what the TXT record says (§8.4). */
  readonly value: string
}

export interface OrderOptions {
  readonly client: acme.Client
  /** A host name, or `*.` and one. */
  readonly name: string
  /** As in `AcmeSettings`. */
  readonly mustStaple: boolean
  /** How the name is proven. */
  readonly challengeType: ChallengeType
  /** Resolves once the authority may look; what it answers takes it away again. */
  show(proof: Proof): Promise<AsyncDisposable>
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** Between two looks whether an authority is done, in milliseconds: it grows up to the longest. */
const [firstPollMs, longestPollMs] = [500, 5_000]
/** @limit time that a certificate authority takes to look at a name, or to issue: it is tried again later */
const maxPollMs = 300_000

/**
 * Fetches a certificate for one name (RFC 8555 §7.4): orders it, proves the name, sends a request with a new key.
 *
 * @throws UpstreamError `certificate-refused` by the authority's word, `proof-refused` where it did not find the proof,
 * `challenge-unavailable` where it takes no such one, `certificate-invalid` where it gave another certificate than was
 * asked for; others as the library
 */
export async function fetchCertificate(options: OrderOptions): Promise<Certificate> {
  const { client, name, mustStaple } = options
  const order = await client.createOrder({ identifiers: [{ type: 'dns', value: name }] })
  for (const authorization of await client.getAuthorizations(order))
    if (authorization.status !== 'valid') await prove(authorization, order, options)
  const ready = await settled(() => client.getOrder(order), options)
  refuseUnless(ready.status === 'ready' || ready.status === 'valid', ready)
  const { csr, key } = await createCertificateRequest([name], { mustStaple })
  await client.finalizeOrder(ready, csr)
  const done = await settled(() => client.getOrder(order), options)
  refuseUnless(done.status === 'valid', done)
  const certificate = { cert: await client.getCertificate(done), key }
  assertIsFor(certificate, options)
  return certificate
}

async function prove(
  authorization: acme.Authorization,
  order: acme.Order,
  options: OrderOptions,
): Promise<void> {
  const { client, challengeType: type } = options
  const challenge = authorization.challenges.find((offered) => offered.type === type)
  if (challenge === undefined) throw unavailable(authorization, type)
  await using _shown = await options.show({
    type,
    name: authorization.identifier.value,
    token: challenge.token,
    value: await client.getChallengeKeyAuthorization(challenge),
  })
  await client.completeChallenge(challenge)
  const one = { ...order, authorizations: [authorization.url] }
  const looked = await settled(async () => {
    const [now] = await client.getAuthorizations(one)
    return now ?? authorization
  }, options)
  if (looked.status === 'valid') return
  const fault = looked.challenges.find(({ url }) => url === challenge.url)
  throw refused(detailOf(fault?.error) ?? `the name is "${looked.status}"`, 'proof-refused')
}

/** Asks again and again until it is neither `pending` nor `processing`. */
async function settled<T extends { readonly status: string }>(
  ask: () => Promise<T>,
  { clock, signal }: Pick<OrderOptions, 'clock' | 'signal'>,
): Promise<T> {
  const endMs = clock.now() + maxPollMs
  for (let waitMs = firstPollMs; ; waitMs = Math.min(waitMs * 1.5, longestPollMs)) {
    const answer = await ask()
    if (answer.status !== 'pending' && answer.status !== 'processing') return answer
    if (clock.now() >= endMs) throw refused(`it is "${answer.status}" for too long`)
    await pause(waitMs, clock, signal)
    signal.throwIfAborted()
  }
}

function refuseUnless(isGood: boolean, order: acme.Order): void {
  if (!isGood) throw refused(detailOf(order.error) ?? `the order is "${order.status}"`)
}

/** A problem document (RFC 9457), as others write them. */
function detailOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('detail' in error)) return undefined
  return typeof error.detail === 'string' ? error.detail : undefined
}

function refused(why: string, code = 'certificate-refused'): UpstreamError {
  return new UpstreamError(code, `the certificate authority refuses: ${printable(why)}`)
}

function unavailable({ challenges }: acme.Authorization, type: ChallengeType): UpstreamError {
  const offered = challenges.map((challenge) => challenge.type).join(', ')
  const text = `the certificate authority takes ${printable(offered)}, and not ${type}`
  return new UpstreamError('challenge-unavailable', text, {
    hint: 'set "http_redirect_addr" for http-01, or "dns" of a site for dns-01',
  })
}

/** What an authority answers is used for handshakes: it has to be what was asked for. */
function assertIsFor({ cert, key }: Certificate, { name, mustStaple, clock }: OrderOptions): void {
  const leaf = parseChain(cert)?.[0]
  const privateKey = parseKey(key)
  const isOwn = leaf !== undefined && privateKey !== undefined && leaf.checkPrivateKey(privateKey)
  const isAlive =
    leaf !== undefined && leaf.validToDate.getTime() > clock.now() && canServe(cert, key)
  const isFor = isOwn && isAlive && leaf.checkHost(name.replace(/^\*/, 'any')) !== undefined
  if (isFor && mustStaple && !hasFeature(leaf)) throw withoutFeature(name)
  if (isFor) return
  const text = `the certificate authority gave a certificate that is not for "${name}" and its key, has ended, or is too weak`
  throw new UpstreamError('certificate-invalid', text)
}

/** Taken all the same it would be fetched anew at every start: it is not what the configuration asks for. */
function withoutFeature(name: string): UpstreamError {
  const text = `the certificate authority gave a certificate for "${name}" without the TLS feature that "autocert_must_staple" asks for`
  return new UpstreamError('certificate-invalid', text, {
    hint: 'remove "autocert_must_staple", or choose an authority that answers by OCSP',
  })
}
