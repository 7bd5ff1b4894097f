import { randomBytes } from 'node:crypto'
import { AccessError } from '../../errors.ts'
import { printable } from '../../terminal-text.ts'
import { codeChallengeOf, isToken, type CallbackAnswer } from '../../tunnel/sign-in.ts'
import type { BegunBrowserSignIn, BegunSignIn, BegunSignIns } from './begun-sign-in.ts'
import { startCallbackServer, type CallbackServer } from './callback-server.ts'
import type { FreshToken } from './credentials.ts'
import type { GatewayApi } from './gateway-api.ts'

/**
 * What becomes of an address in the browser: a tab is opened for it, a tab is open for it, or it is only
 * shown, since a tab was opened for one like it a while ago.
 */
export type SignInTab = 'open' | 'is-open' | 'none'

/** `onFailed` is to be called where a tab was to be opened and none could be. */
export type PresentSignIn = (url: string, tab: SignInTab, onFailed: () => void) => void

export interface BrowserSignInOptions {
  readonly api: GatewayApi
  /** Shows the address to the person and opens it, unless it was opened before; called once a sign-in. */
  readonly present: PresentSignIn
  /** Where one that was begun is kept for whoever comes next. */
  readonly begun: BegunSignIns
  readonly signal: AbortSignal
  /** How long the person may take, in milliseconds. */
  readonly timeoutMs: number
  /** The token whose session is to be prolonged. */
  readonly renews?: string | undefined
}

/** Random bytes of the PKCE verifier: 43 characters, the shortest allowed (RFC 7636 §4.1). */
const verifierBytes = 32

/**
 * Signs a person in through their browser and resolves to the token. One that was begun and given up a
 * moment ago, by this process or another, is gone on with: its tab still comes back.
 *
 * @throws AccessError `sign-in-failed`, `sign-in-timeout` or `sign-in-cancelled`; UpstreamError
 */
export async function signInByBrowser(options: BrowserSignInOptions): Promise<FreshToken> {
  const { api, present, begun, signal, timeoutMs, renews } = options
  const flow =
    (await resume(begun, renews !== undefined)) ?? (await begin(api, begun, signal, renews))
  const { record, isResumed } = flow
  await using server = flow.server
  const tab = isResumed && record.browser.isUnopened !== true ? 'is-open' : 'open'
  const marks = markUnopened(begun, record)
  present(record.url, tab, marks.onFailed)
  const answer = await within(server.answer, timeoutMs, signal).catch(async (error: unknown) => {
    await marks.end()
    // Given up, and not over: the next one who wants to sign in goes on with it.
    if (!signal.aborted) await begun.forget()
    throw error
  })
  await marks.end()
  await begun.forget()
  if (answer.kind === 'error') throw refused(answer)
  if (answer.kind === 'code')
    return api.exchangeCode(answer.code, record.browser.codeVerifier, signal)
  // Between the two, anybody could listen on the port and learn the path. Only a code proves whose
  // answer it is.
  if (isResumed) throw unproven()
  if (isToken(answer.token)) return { token: answer.token, isProlonged: false }
  throw new AccessError('sign-in-failed', 'what the gateway sent is not a token')
}

interface Flow {
  readonly server: CallbackServer
  readonly record: BrowserRecord
  /** Whether this process or another one began it before. */
  readonly isResumed: boolean
}

type BrowserRecord = BegunSignIn & { readonly browser: BegunBrowserSignIn }

/**
 * Has whoever comes next know that no tab is open: they may name a browser that works. Only while the sign-in
 * is under way, since a browser's program may end with a failure long after it.
 */
function markUnopened(begun: BegunSignIns, record: BrowserRecord) {
  let [isUnderWay, kept] = [true, Promise.resolve()]
  return {
    onFailed(): void {
      const browser = { ...record.browser, isUnopened: true }
      if (isUnderWay) kept = begun.keep({ ...record, browser })
    },
    async end(): Promise<void> {
      isUnderWay = false
      await kept
    },
  }
}

async function begin(
  api: GatewayApi,
  begun: BegunSignIns,
  signal: AbortSignal,
  renews: string | undefined,
): Promise<Flow> {
  const server = await startCallbackServer()
  try {
    const codeVerifier = randomBytes(verifierBytes).toString('base64url')
    const codeChallenge = codeChallengeOf(codeVerifier)
    const { redirectUri } = server
    const url = await api.fetchSignInUrl({ redirectUri, codeChallenge }, signal, renews)
    const isRenewal = renews !== undefined
    const browser = { redirectUri, codeVerifier, isRenewal }
    const record = { url, begunAtMs: Date.now(), browser }
    await begun.keep(record)
    return { server, record, isResumed: false }
  } catch (error) {
    await server[Symbol.asyncDispose]()
    throw error
  }
}

/**
 * Undefined where there is none, where its port is somebody else's by now, or where its gateway answers
 * with a token, as a stock Pomerium does: the address of one that answers with a code has the challenge. One
 * that renews nothing is no renewal to go on with: it may end with the session that there is.
 */
async function resume(begun: BegunSignIns, isRenewal: boolean): Promise<Flow | undefined> {
  const found = await begun.read()
  const browser = found?.browser
  if (found === undefined || browser === undefined) return undefined
  if (isRenewal && browser.isRenewal !== true) return undefined
  if (!found.url.includes(codeChallengeOf(browser.codeVerifier))) return undefined
  try {
    const server = await startCallbackServer(browser.redirectUri)
    return { server, record: { ...found, browser }, isResumed: true }
  } catch {
    return undefined
  }
}

function within<Value>(
  promise: Promise<Value>,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => fail(cancelled())
    const timer = setTimeout(() => fail(tooLate(timeoutMs)), timeoutMs)
    const release = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
    }
    function fail(error: AccessError): void {
      release()
      reject(error)
    }
    void promise.then((value) => {
      release()
      resolve(value)
    })
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort)
  })
}

function refused(answer: CallbackAnswer & { kind: 'error' }): AccessError {
  const words = printable(answer.description) || printable(answer.error)
  const id = printable(answer.requestId)
  const requestId = id === '' ? '' : `, request id ${id}`
  return new AccessError('sign-in-failed', `the sign-in failed: ${words}${requestId}`, {
    hint: 'connect again to try once more; whoever runs the gateway can find the reason in its log',
  })
}

function unproven(): AccessError {
  const message =
    'a token came to a sign-in that another postern had begun, and nothing proves whose it is'
  return new AccessError('sign-in-failed', message, {
    hint: 'connect again to start a new sign-in',
  })
}

function tooLate(timeoutMs: number): AccessError {
  const minutes = Math.round(timeoutMs / 60_000)
  return new AccessError('sign-in-timeout', `nobody signed in within ${minutes} minutes`, {
    hint: 'connect again to get a new address',
  })
}

function cancelled(): AccessError {
  return new AccessError('sign-in-cancelled', 'the sign-in was given up')
}
