import { noteText } from './print.ts'
import type { Voice } from './voice.ts'

/** Shows where to sign in, for machines without a browser too, and opens it. */
export function askToSignIn(url: string, browserCmd: string | undefined, voice: Voice): void {
  noteText(`sign in at:\n\n  ${url}\n\n`)
  void import('../client/browser.ts').then(({ openBrowser }) => openBrowser(url, browserCmd, voice))
}
