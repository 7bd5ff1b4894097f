import { randomBytes } from 'node:crypto'
import { AccessError } from '../../errors.ts'
import { printable } from '../../terminal-text.ts'
import { codeChallengeOf, isToken, type CallbackAnswer } from '../../tunnel/sign-in.ts'
import type { BegunSignIns } from './begun-sign-in.ts'
import { startCallbackServer, type CallbackServer } from './callback-server.ts'
import type { GatewayApi } from './gateway-api.ts'

/**
 * What becomes of an address in the browser: a tab is opened for it, a tab is open for it, or it is only
 * shown, since a tab was opened for one like it a while ago.
 */
export type SignInTab = 'open' | 'is-open' | 'none'

export type PresentSignIn = (url: string, tab: SignInTab) => void

export interface BrowserSignInOptions {
  readonly api: GatewayApi
  /** Shows the address to the person and opens it, unless it was opened before; called once a sign-in. */
  readonly present: PresentSignIn
  /** Where one that was begun is kept for whoever comes next. */
  readonly begun: BegunSignIns
  readonly signal: AbortSignal
  /** How long the person may take, in milliseconds. */
  readonly timeoutMs: number
}

/** Random bytes of the PKCE verifier: 43 characters, the shortest allowed (RFC 7636 §4.1). */
const verifierBytes = 32

/**
 * Signs a person in through their browser and resolves to the token. One that was begun and given up a
 * moment ago, by this process or another, is gone on with: its tab still comes back.
 *
 * @throws AccessError `sign-in-failed`, `sign-in-timeout` or `sign-in-cancelled`; UpstreamError
 */
export async function signInByBrowser(options: BrowserSignInOptions): Promise<string> {
  const { api, present, begun, signal, timeoutMs } = options
  const flow = (await resume(begun)) ?? (await begin(api, begun, signal))
  const { url, codeVerifier, isOpen } = flow
  await using server = flow.server
  present(url, isOpen ? 'is-open' : 'open')
  const answer = await within(server.answer, timeoutMs, signal).catch(async (error: unknown) => {
    // Given up, and not over: the next one who wants to sign in goes on with it.
    if (!signal.aborted) await begun.forget()
    throw error
  })
  await begun.forget()
  if (answer.kind === 'error') throw refused(answer)
  if (answer.kind === 'code') return api.exchangeCode(answer.code, codeVerifier, signal)
  // Between the two, anybody could listen on the port and learn the path. Only a code proves whose
  // answer it is.
  if (isOpen) throw unproven()
  if (isToken(answer.token)) return answer.token
  throw new AccessError('sign-in-failed', 'what the gateway sent is not a token')
}

interface Flow {
  readonly server: CallbackServer
  readonly url: string
  readonly codeVerifier: string
  /** Whether somebody opened it before. */
  readonly isOpen: boolean
}

async function begin(api: GatewayApi, begun: BegunSignIns, signal: AbortSignal): Promise<Flow> {
  const server = await startCallbackServer()
  try {
    const codeVerifier = randomBytes(verifierBytes).toString('base64url')
    const codeChallenge = codeChallengeOf(codeVerifier)
    const { redirectUri } = server
    const url = await api.fetchSignInUrl({ redirectUri, codeChallenge }, signal)
    await begun.keep({ url, begunAtMs: Date.now(), browser: { redirectUri, codeVerifier } })
    return { server, url, codeVerifier, isOpen: false }
  } catch (error) {
    await server[Symbol.asyncDispose]()
    throw error
  }
}

/**
 * Undefined where there is none, where its port is somebody else's by now, or where its gateway answers
 * with a token, as a stock Pomerium does: the address of one that answers with a code has the challenge.
 */
async function resume(begun: BegunSignIns): Promise<Flow | undefined> {
  const { url, browser } = (await begun.read()) ?? {}
  if (url === undefined || browser === undefined) return undefined
  if (!url.includes(codeChallengeOf(browser.codeVerifier))) return undefined
  try {
    const server = await startCallbackServer(browser.redirectUri)
    return { server, url, codeVerifier: browser.codeVerifier, isOpen: true }
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
