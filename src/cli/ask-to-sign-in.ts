import { noteText } from './print.ts'
import type { Voice } from './voice.ts'

export interface AskOptions {
  readonly browserCmd?: string | undefined
  /** **Default:** `human` */
  readonly logFormat?: 'human' | 'json'
}

/**
 * Shows where to sign in, at any level and for machines without a browser too, and opens it; a tab that
 * is open is enough.
 */
export function askToSignIn(
  url: string,
  isRepeated: boolean,
  { browserCmd, logFormat = 'human' }: AskOptions,
  voice: Voice,
): void {
  const where = isRepeated ? 'sign in in the browser tab that is open, or at' : 'sign in at'
  if (logFormat === 'json') voice.warn('auth required', { 'auth-url': url })
  else noteText(`${where}:\n\n  ${url}\n\n`)
  if (isRepeated) return
  void import('../client/browser.ts').then(({ openBrowser }) => openBrowser(url, browserCmd, voice))
}
