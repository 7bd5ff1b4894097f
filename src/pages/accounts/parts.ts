import { AccessError } from '../../errors.ts'
import type { LocalAccounts } from '../../identity/local-accounts.ts'
import { readForm } from '../answers/body.ts'
import type { PageContext } from '../answers/page-app.ts'
import type { SignInParts } from '../sign-in/parts.ts'

/** What the pages about passkeys need. */
export interface AccountPageParts extends SignInParts {
  readonly local: LocalAccounts
  /** The path of their script; undefined where it was not built. */
  readonly script: string | undefined
}

/**
 * A passkey of a security key with a certificate of its own is a few kilobytes.
 *
 * @limit a form about a passkey: 413 `request_too_large`
 */
export const maxPasskeyFormBytes = 48 * 1024

/** The fields of a form, those that are not text left out. */
export async function textFields(c: PageContext): Promise<(name: string) => string> {
  const form = await readForm(c)
  return (name) => {
    const value = Object.hasOwn(form, name) ? form[name] : undefined
    return typeof value === 'string' ? value : ''
  }
}

/** What a person can do something about, told on the page itself. */
const toldOnPage = new Set([
  'passkey-refused',
  'passkey-known',
  'passkey-form-expired',
  'too-many-passkeys',
])

/** What is wrong, in sentences; throws what no page of these can tell. */
export function faultOf(error: unknown): string {
  if (!(error instanceof AccessError) || !toldOnPage.has(error.code)) throw error
  return [error.message, error.hint ?? ''].map(sentence).join(' ').trim()
}

export function sentence(text: string): string {
  return text === '' ? '' : `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}

/** What a browser without our script sends. */
export const nothingMade =
  'Your browser has not asked for a passkey. JavaScript may be off, or an extension keeps this page from working.'

/** One line without control characters, of so many characters at most. */
export function lineIn(text: string, maxChars: number): string {
  return text
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '')
    .trim()
    .slice(0, maxChars)
}

const systems: readonly (readonly [RegExp, string])[] = [
  [/iPhone/, 'iPhone'],
  [/iPad/, 'iPad'],
  [/Android/, 'Android'],
  [/CrOS/, 'Chromebook'],
  [/Windows/, 'Windows'],
  [/Macintosh/, 'Mac'],
  [/Linux/, 'Linux'],
]

/** What a new passkey is called: by what it was made on, as the browser says; its person may rename it. */
export function passkeyNameFor(userAgent = ''): string {
  const [, system = 'Passkey'] = systems.find(([pattern]) => pattern.test(userAgent)) ?? []
  return system
}
