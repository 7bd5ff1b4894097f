import 'reflect-metadata'
import { AsyncLocalStorage } from 'node:async_hooks'
import { Agent } from 'node:https'
import { rootCertificates } from 'node:tls'
import * as acme from 'acme-client'
import { AppError, messageOf, systemCode, UpstreamError } from '../errors.ts'
import { printable } from '../terminal-text.ts'
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
    super(printable(messageOf(cause)), { cause })
    this.problem = problem
  }
}

export interface DirectoryOptions extends Pick<AcmeSettings, 'directoryUrl' | 'trustedCa'> {
  /** Ends what is under way. */
  readonly signal: AbortSignal
  /** Time for one answer, to its last byte, in milliseconds. **Default:** 30 s */
  readonly answerTimeoutMs?: number
}

export interface AuthorityOptions extends DirectoryOptions, Pick<AcmeSettings, 'externalAccount'> {
  /** PKCS #8, PEM. */
  readonly accountKey: string
  /** Undefined: it is to be made, or asked for by its key. */
  readonly accountUrl: string | undefined
}

/** @limit time for one answer of a certificate authority: the certificate is tried again later */
const defaultAnswerTimeoutMs = 30_000

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
  readonly answerTimeoutMs: number
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
  options: AuthorityOptions,
  work: (client: acme.Client) => Promise<T>,
): Promise<T> {
  const { keyId: kid, macKey: hmacKey } = options.externalAccount ?? {}
  const client = new acme.Client({
    directoryUrl: options.directoryUrl,
    accountKey: options.accountKey,
    ...(options.accountUrl !== undefined && { accountUrl: options.accountUrl }),
    ...(kid !== undefined && hmacKey !== undefined && { externalAccountBinding: { kid, hmacKey } }),
  })
  return inCall(options, () => work(client))
}

/**
 * What an authority says of itself, as it says it (RFC 8555 §7.1.1). Nothing else is asked of it.
 *
 * @throws AuthorityFault
 */
export function readDirectory(options: DirectoryOptions): Promise<unknown> {
  const url = options.directoryUrl
  return inCall(options, async () => {
    const { status, data } = await acme.axios.get<unknown>(url, { validateStatus: null })
    if (status >= 400) throw unreachable(`it answers HTTP ${status}`)
    return data
  })
}

async function inCall<T>(
  { signal, trustedCa, answerTimeoutMs = defaultAnswerTimeoutMs }: DirectoryOptions,
  work: () => Promise<T>,
): Promise<T> {
  prepareLibrary()
  const call: Call = { signal, agent: agentFor(trustedCa), answerTimeoutMs, problem: undefined }
  try {
    return await calls.run(call, work)
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
  // Its own repeat what fails, by their own time, and hide why nobody could be reached. Whoever asks here tries again in
  // its own time, and by what the authority says.
  axios.interceptors.request.clear()
  axios.interceptors.response.clear()
  axios.interceptors.request.use((config) => {
    const call = calls.getStore()
    if (call === undefined) return config
    const url = config.url ?? ''
    // RFC 8555 §6.1. What the authority names is asked as it is said.
    if (!URL.canParse(url) || new URL(url).protocol !== 'https:')
      throw unreachable(`it names an address that is not https: "${url}"`)
    return Object.assign(config, {
      signal: AbortSignal.any([call.signal, AbortSignal.timeout(call.answerTimeoutMs)]),
      httpsAgent: call.agent,
      // What is signed is signed for one address (RFC 8555 §6.4).
      maxRedirects: 0,
      maxContentLength: maxAnswerBytes,
    })
  })
  axios.interceptors.response.use(
    (response) => {
      const call = calls.getStore()
      if (call === undefined) return response
      if (response.status >= 300 && response.status < 400)
        throw unreachable(`it leads elsewhere, by HTTP ${response.status}`)
      if (response.status >= 400) call.problem = problemOf(response)
      return response
    },
    (error: unknown) => {
      const call = calls.getStore()
      if (call === undefined || call.signal.aborted || error instanceof AppError) throw error
      throw unreachable(whyOf(error, call), error)
    },
  )
}

function unreachable(why: string, cause?: unknown): UpstreamError {
  const text = `the certificate authority cannot be asked: ${printable(why)}`
  return new UpstreamError('authority-unreachable', text, { cause })
}

function whyOf(error: unknown, { answerTimeoutMs }: Call): string {
  if (systemCode(error) === 'ERR_CANCELED')
    return `no whole answer within ${answerTimeoutMs / 1000} s`
  // Several addresses have failed, of which it has no words.
  return messageOf(error) || (systemCode(error) ?? 'no connection')
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
