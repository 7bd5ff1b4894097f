import { randomBytes } from 'node:crypto'
import { AccessError } from '../errors.ts'
import { printable } from '../terminal-text.ts'
import { codeChallengeOf, isToken, type CallbackAnswer } from '../tunnel/sign-in.ts'
import { startCallbackServer } from './callback-server.ts'
import type { GatewayApi } from './gateway-api.ts'

export interface BrowserSignInOptions {
  readonly api: GatewayApi
  /** Shows the address to the person and opens it; called once a sign-in. */
  readonly present: (url: string) => void
  readonly signal: AbortSignal
  /** How long the person may take, in milliseconds. */
  readonly timeoutMs: number
}

/** Random bytes of the PKCE verifier: 43 characters, the shortest allowed (RFC 7636 §4.1). */
const verifierBytes = 32

/**
 * Signs a person in through their browser and resolves to the token.
 *
 * @throws AccessError `sign-in-failed`, `sign-in-timeout` or `sign-in-cancelled`; UpstreamError
 */
export async function signInByBrowser(options: BrowserSignInOptions): Promise<string> {
  const { api, present, signal, timeoutMs } = options
  await using server = await startCallbackServer()
  const codeVerifier = randomBytes(verifierBytes).toString('base64url')
  const codeChallenge = codeChallengeOf(codeVerifier)
  const url = await api.fetchSignInUrl({ redirectUri: server.redirectUri, codeChallenge }, signal)
  present(url)
  const answer = await within(server.answer, timeoutMs, signal)
  if (answer.kind === 'error') throw refused(answer)
  if (answer.kind === 'code') return api.exchangeCode(answer.code, codeVerifier, signal)
  if (isToken(answer.token)) return answer.token
  throw new AccessError('sign-in-failed', 'the gateway sent something else than a token')
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
    hint: 'connect again to try once more; whoever runs the gateway finds the reason in its log',
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
