import { AsyncLocalStorage } from 'node:async_hooks'
import { Agent } from 'node:https'
import { rootCertificates } from 'node:tls'
import * as acme from 'acme-client'
import { messageOf } from '../errors.ts'
import type { AcmeSettings } from './settings.ts'

/** What an authority has said no with (RFC 8555 §6.7). */
export interface AuthorityProblem {
  /** Such as `urn:ietf:params:acme:error:rateLimited`; empty where it did not say. */
  readonly type: string
  /** When to ask again, in milliseconds from now; undefined where it did not say. */
  readonly retryAfterMs: number | undefined
}

/** What has failed, and what the authority said no with last. */
export class AuthorityFault extends Error {
  readonly problem: AuthorityProblem | undefined

  constructor(cause: unknown, problem: AuthorityProblem | undefined) {
    super(messageOf(cause), { cause })
    this.problem = problem
  }
}

export interface AuthorityOptions extends Pick<
  AcmeSettings,
  'directoryUrl' | 'externalAccount' | 'trustedCa'
> {
  /** PKCS #8, PEM. */
  readonly accountKey: string
  /** Undefined: it is to be made, or asked for by its key. */
  readonly accountUrl: string | undefined
  /** Ends what is under way. */
  readonly signal: AbortSignal
}

/** @limit time for one answer of a certificate authority: the certificate is tried again later */
const answerTimeoutMs = 30_000

/** @limit answer of a certificate authority, in bytes: the certificate is tried again later */
const maxAnswerBytes = 1024 * 1024

/**
 * Longest wait that an authority may ask for, in milliseconds: what it says may be a mistake.
 *
 * @limit none: it is asked again then
 */
const maxRetryAfterMs = 86_400_000

interface Call {
  readonly signal: AbortSignal
  readonly agent: Agent
  problem: AuthorityProblem | undefined
}

/** The library has one HTTP client for the whole process: what belongs to one call is found by this. */
const calls = new AsyncLocalStorage<Call>()

/**
 * Runs `work` with a client of the authority; what it asks ends with `signal`, and is never repeated by itself.
 *
 * @throws AuthorityFault
 */
export async function withAuthority<T>(
  { signal, trustedCa, ...options }: AuthorityOptions,
  work: (client: acme.Client) => Promise<T>,
): Promise<T> {
  prepareLibrary()
  const call: Call = { signal, agent: agentFor(trustedCa), problem: undefined }
  const { keyId: kid, macKey: hmacKey } = options.externalAccount ?? {}
  const client = new acme.Client({
    directoryUrl: options.directoryUrl,
    accountKey: options.accountKey,
    ...(options.accountUrl !== undefined && { accountUrl: options.accountUrl }),
    ...(kid !== undefined && hmacKey !== undefined && { externalAccountBinding: { kid, hmacKey } }),
  })
  try {
    return await calls.run(call, () => work(client))
  } catch (error) {
    throw new AuthorityFault(error, call.problem)
  } finally {
    call.agent.destroy()
  }
}

/** A certificate that says a key authorization (RFC 8737 §3), as a challenge is kept. */
export async function createChallengeCertificate(
  name: string,
  keyAuthorization: string,
): Promise<{ readonly text: string; readonly privateKey: string }> {
  const authorization = { identifier: { type: 'dns', value: name } } as acme.Authorization
  const [key, cert] = await acme.crypto.createAlpnCertificate(authorization, keyAuthorization)
  return { text: cert.toString(), privateKey: key.toString() }
}

function agentFor(trustedCa: string | undefined): Agent {
  return new Agent(trustedCa === undefined ? {} : { ca: [...rootCertificates, trustedCa] })
}

let isPrepared = false

function prepareLibrary(): void {
  if (isPrepared) return
  isPrepared = true
  const { axios } = acme
  // Whoever asks here tries again in its own time, and by what the authority says.
  Object.assign(axios.defaults, {
    acmeSettings: { retryMaxAttempts: 0, retryDefaultDelay: 1 },
  })
  axios.interceptors.request.use((config) => {
    const call = calls.getStore()
    if (call === undefined) return config
    return Object.assign(config, {
      signal: call.signal,
      httpsAgent: call.agent,
      timeout: answerTimeoutMs,
      maxContentLength: maxAnswerBytes,
    })
  })
  axios.interceptors.response.use((response) => {
    const call = calls.getStore()
    if (call !== undefined && response.status >= 400) call.problem = problemOf(response)
    return response
  })
}

function problemOf({
  data,
  headers,
}: {
  readonly data: unknown
  readonly headers: Readonly<Record<string, unknown>>
}): AuthorityProblem {
  const type = typeof data === 'object' && data !== null && 'type' in data ? data.type : ''
  const after = headers['retry-after']
  return {
    type: typeof type === 'string' ? type : '',
    retryAfterMs: typeof after === 'string' ? parseRetryAfter(after) : undefined,
  }
}

/** RFC 9110 §10.2.3: seconds, or a date. */
function parseRetryAfter(text: string): number | undefined {
  const afterMs = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now()
  return Number.isFinite(afterMs) && afterMs > 0 ? Math.min(afterMs, maxRetryAfterMs) : undefined
}
