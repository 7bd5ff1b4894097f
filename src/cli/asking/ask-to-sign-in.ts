import type { SignInTab } from '../../client/sign-in/browser-sign-in.ts'
import { noteText } from '../speech/print.ts'
import type { Voice } from '../speech/voice.ts'

export interface AskOptions {
  readonly browserCmd?: string | undefined
  /** **Default:** `human` */
  readonly logFormat?: 'human' | 'json'
  /** Called when no tab could be opened. */
  readonly onFailed?: (() => void) | undefined
}

/**
 * Shows where to sign in, at any level and for machines without a browser too, and opens a tab of the
 * browser where `tab` says so.
 */
export function askToSignIn(
  url: string,
  tab: SignInTab,
  { browserCmd, logFormat = 'human', onFailed }: AskOptions,
  voice: Voice,
): void {
  const where = tab === 'is-open' ? 'sign in in the browser tab that is open, or at' : 'sign in at'
  if (logFormat === 'json') voice.warn('auth required', { 'auth-url': url })
  else noteText(`${where}:\n\n  ${url}\n\n`)
  if (tab !== 'open') return
  void import('../../client/sign-in/browser.ts').then(({ openBrowser }) =>
    openBrowser(url, browserCmd, voice, { onFailed }),
  )
}
