import { hash, randomBytes } from 'node:crypto'
import { formatSetCookie, ownCookies } from './cookies.ts'

/** What tells one browser from another while it signs in: a random value in a cookie of ours. */
export interface BrowserMarks {
  /** The mark of the browser that sent this `Cookie` header, and the `Set-Cookie` values that keep it. */
  put(cookieHeader: string | undefined): { readonly mark: string; readonly cookies: string[] }
  /** Whether the browser that sent this `Cookie` header has a mark. */
  has(mark: string, cookieHeader: string | undefined): boolean
}

/**
 * Tabs that begin at once know nothing of each other, so each leaves a mark in a cookie of its own, of
 * some 55 bytes; whichever begins later takes one that is there.
 *
 * @limit tabs that begin to sign in at once in one browser: those beyond have to start again
 */
const maxMarks = 32
const valueBytes = 16
const nameLength = 8

/** `lifeMs` is how long a mark is kept after the last sign-in that began with it. */
export function createBrowserMarks(cookieName: string, lifeMs: number): BrowserMarks {
  const prefix = `${cookieName}_sign_in_`
  const nameOf = (mark: string): string => `${prefix}${mark.slice(0, nameLength)}`
  const keep = (value: string): string =>
    formatSetCookie(nameOf(markOf(value)), value, lifeMs / 1000)
  const marksOf = (header: string | undefined) =>
    [...ownCookies(header)].filter(
      ([name, value]) => name.startsWith(prefix) && name === nameOf(markOf(value)),
    )
  return {
    put(cookieHeader) {
      const [first, ...others] = marksOf(cookieHeader)
      const value = first?.[1] ?? randomBytes(valueBytes).toString('base64url')
      const surplus = others.slice(maxMarks - 1).map(([name]) => formatSetCookie(name, '', 0))
      return { mark: markOf(value), cookies: [keep(value), ...surplus] }
    },
    has(mark, cookieHeader) {
      const value = ownCookies(cookieHeader).get(nameOf(mark))
      return value !== undefined && markOf(value) === mark
    },
  }
}

/** What a value is known by to who must not know it. */
function markOf(value: string): string {
  return hash('sha256', value, 'base64url')
}
