import { generateKeyPair } from 'node:crypto'
import { lookup } from 'node:dns/promises'
import { promisify } from 'node:util'
import type { Clock } from '../clock.ts'
import { AppError, messageOf, systemCode, UpstreamError } from '../errors.ts'
import type { Certificate } from '../port/tls-contexts.ts'
import { addText, removeText } from '../publish/dns/update-zone.ts'
import type { ZoneSettings } from '../publish/dns/settings.ts'
import { oneByOne } from '../one-by-one.ts'
import type { AcmeStore } from '../store/acme-store.ts'
import { AuthorityFault, createChallengeCertificate, withAuthority } from './acme-client.ts'
import { challengeId, type ChallengeRegister, type ChallengeType } from './challenges.ts'
import { fetchCertificate, type Proof } from './order.ts'
import type { AcmeSettings } from './settings.ts'

/** A certificate that is to be there. */
export interface WantedCertificate {
  /** A host name in lower case, or `*.` and one. */
  readonly name: string
  /** The zone that it is in, where the gateway may write there. */
  readonly zone: ZoneSettings | undefined
}

/** Whoever issues certificates. */
export interface Authority {
  /**
   * Fetches one.
   *
   * @throws FetchError
   */
  fetch(wanted: WantedCertificate, signal: AbortSignal): Promise<Certificate>
}

/** Why a certificate was not fetched, and when to ask again at the earliest. */
export class FetchError extends UpstreamError {
  readonly retryAfterMs: number
  /** Whether nobody can come by this name, as far as this machine knows: it may be meant for later. */
  readonly isUnresolved: boolean

  constructor(
    cause: unknown,
    more: {
      /** **Default:** that of the cause */
      readonly message?: string
      readonly retryAfterMs?: number
      readonly unresolved?: string
    },
  ) {
    const { code, hint } = cause instanceof AppError ? cause : {}
    const { unresolved } = more
    super(code ?? 'certificate-not-fetched', more.message ?? messageOf(cause), {
      cause,
      hint:
        unresolved === undefined
          ? hint
          : `"${unresolved}" does not resolve here: have a DNS record lead to this gateway`,
    })
    this.retryAfterMs = more.retryAfterMs ?? 0
    this.isUnresolved = unresolved !== undefined
  }
}

export interface AuthorityParts {
  readonly acme: AcmeStore
  readonly challenges: ChallengeRegister
  /** Whether plain HTTP is served on port 80 of its names, as far as is known. */
  readonly servesHttp: boolean
  readonly clock: Clock
  /** Whether a name resolves. **Default:** asks the system */
  readonly resolves?: (name: string) => Promise<boolean>
}

/** RFC 8555 §6.7; it asks for less, and says for how long. */
const rateLimited = 'urn:ietf:params:acme:error:rateLimited'
/** The authority knows the account no more: another one is made. */
const noAccount = 'urn:ietf:params:acme:error:accountDoesNotExist'

/** Time until whoever is told to slow down asks again, where it is not said how long, in milliseconds. */
const rateLimitedMs = 3_600_000

/** An authority of ACME; nothing is asked of it before the first certificate is. */
export function createAcmeAuthority(settings: AcmeSettings, parts: AuthorityParts): Authority {
  const inTurn = oneByOne()
  const { directoryUrl } = settings
  const { resolves = resolvesHere } = parts

  function account(signal: AbortSignal): Promise<Account> {
    return inTurn(async () => {
      const kept = await parts.acme.get('account', directoryUrl)
      if (kept?.privateKey !== undefined) return { url: kept.text, key: kept.privateKey }
      const made = await makeAccount(settings, signal)
      await parts.acme.put({
        kind: 'account',
        name: directoryUrl,
        text: made.url,
        privateKey: made.key,
        changedAtMs: parts.clock.now(),
      })
      return made
    })
  }

  /** By one kind of proof; with another account, where the authority knows the kept one no more. */
  async function order(
    wanted: WantedCertificate,
    type: ChallengeType,
    signal: AbortSignal,
    isRepeated = false,
  ): Promise<Certificate> {
    const { url, key } = await account(signal)
    try {
      return await withAuthority(
        { ...settings, accountKey: key, accountUrl: url, signal },
        (client) =>
          fetchCertificate({
            client,
            name: wanted.name,
            mustStaple: settings.mustStaple,
            challengeType: type,
            show: (proof) => show(proof, wanted, parts),
            clock: parts.clock,
            signal,
          }),
      )
    } catch (error) {
      const isForgotten = error instanceof AuthorityFault && error.problem?.type === noAccount
      if (!isForgotten || isRepeated) throw error
      await parts.acme.remove('account', directoryUrl)
      return order(wanted, type, signal, true)
    }
  }

  /** Several ways have failed: the words of each. */
  async function toFetchError(
    failed: ReadonlyMap<ChallengeType, unknown>,
    { name, zone }: WantedCertificate,
  ): Promise<FetchError> {
    const [first] = failed.values()
    const { cause, problem } =
      first instanceof AuthorityFault ? first : { cause: first, problem: undefined }
    const least = problem?.type === rateLimited ? rateLimitedMs : 0
    const isKnown = zone !== undefined || (await resolves(name))
    const words = [...failed].map(([type, error]) => `by ${type}: ${messageOf(error)}`)
    return new FetchError(cause, {
      ...(failed.size > 1 && { message: words.join('; ') }),
      retryAfterMs: problem?.retryAfterMs ?? least,
      ...(!isKnown && { unresolved: name }),
    })
  }

  return {
    async fetch(wanted, signal) {
      const failed = new Map<ChallengeType, unknown>()
      for (const type of challengeTypes(wanted, parts.servesHttp)) {
        try {
          return await order(wanted, type, signal)
        } catch (error) {
          failed.set(type, error)
          if (signal.aborted || !isProofAtFault(error)) break
        }
      }
      throw await toFetchError(failed, wanted)
    },
  }
}

/** Whether another kind of proof may be taken. */
function isProofAtFault(error: unknown): boolean {
  const cause = error instanceof AuthorityFault ? error.cause : error
  const codes = ['proof-refused', 'challenge-unavailable']
  return cause instanceof AppError && codes.includes(cause.code)
}

async function resolvesHere(name: string): Promise<boolean> {
  try {
    await lookup(name)
    return true
  } catch (error) {
    // Any other failure says nothing of the name.
    return systemCode(error) !== 'ENOTFOUND'
  }
}

interface Account {
  readonly url: string
  /** PKCS #8, PEM. */
  readonly key: string
}

/** Using ACME is consent to the authority's terms: docs/certificates.md says so. */
async function makeAccount(settings: AcmeSettings, signal: AbortSignal): Promise<Account> {
  const { privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' })
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' })
  const options = { ...settings, accountKey: key, accountUrl: undefined, signal }
  return withAuthority(options, async (client) => {
    await client.createAccount({
      termsOfServiceAgreed: true,
      ...(settings.email !== undefined && { contact: [`mailto:${settings.email}`] }),
    })
    return { url: client.getAccountUrl(), key }
  })
}

/**
 * What the gateway can show, what is surest first. A wildcard is proven by DNS alone (RFC 8555 §7.1.3). Where two ways
 * are open the other is tried as well: something before the gateway may end TLS, or keep port 80.
 */
function challengeTypes(
  { name, zone }: WantedCertificate,
  servesHttp: boolean,
): readonly [ChallengeType, ...ChallengeType[]] {
  if (zone !== undefined || name.startsWith('*.')) return ['dns-01']
  return servesHttp ? ['tls-alpn-01', 'http-01'] : ['tls-alpn-01']
}

/** Shows a proof: on every gateway of the store, or in the zone. */
async function show(
  proof: Proof,
  { zone }: WantedCertificate,
  { acme, challenges, clock }: AuthorityParts,
): Promise<AsyncDisposable> {
  const { type, name, token, value } = proof
  if (type === 'dns-01') {
    if (zone === undefined) throw new UpstreamError('challenge-unavailable', 'no zone is known')
    const record = { name: `_acme-challenge.${name}`, value }
    const nowMs = (): number => clock.now()
    await addText(zone, record, nowMs)
    return { [Symbol.asyncDispose]: () => removeText(zone, record, nowMs) }
  }
  const id = challengeId(type, type === 'http-01' ? token : name)
  const shown =
    type === 'http-01'
      ? { text: value, privateKey: undefined }
      : await createChallengeCertificate(name, value)
  // Here at once, and elsewhere by the feed of the store.
  challenges.put(id, shown)
  await acme.put({ kind: 'challenge', name: id, ...shown, changedAtMs: clock.now() })
  return {
    async [Symbol.asyncDispose]() {
      challenges.remove(id)
      await acme.remove('challenge', id)
    },
  }
}
