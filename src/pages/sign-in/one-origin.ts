import { AccessError } from '../../errors.ts'
import type { PageContext } from '../answers/page-app.ts'

/**
 * Browsers say where a form was sent from (`Origin`, and since 2023 all of them `Sec-Fetch-Site`);
 * another site's may do nothing here. Throws
 * `AccessError` `origin-not-allowed`; `hint` says what its reader can do instead.
 */
export function refuseForeign(c: PageContext, origin: URL, hint: string): void {
  const { origin: sender = origin.origin, 'sec-fetch-site': site = 'none' } = c.req.header()
  if (sender === origin.origin && (site === 'none' || site === 'same-origin')) return
  throw new AccessError('origin-not-allowed', 'this form was sent from another site', { hint })
}

/**
 * Whether a page of another site has led a browser here. `none` is an address that somebody typed, or that
 * a program opened: a terminal and a mail program look the same. Browsers of before 2023 and programs say
 * nothing.
 *
 * @see https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header
 */
export function isSentByAnotherSite(c: PageContext): boolean {
  const site = c.req.header('sec-fetch-site') ?? 'none'
  return site !== 'none' && site !== 'same-origin'
}

/** A page that runs on one origin only: `Host` may lead a browser there, and nowhere else. */
export function onlyOn(origin: URL) {
  return async (c: PageContext, next: () => Promise<void>): Promise<Response | void> => {
    const asked = new URL(c.req.url)
    if (asked.host === origin.host) return next()
    return redirect(new URL(`${asked.pathname}${asked.search}`, origin), [])
  }
}

/** A redirect that nobody keeps, and that tells the next page nothing of this one's address. */
export function redirect(location: URL, cookies: readonly string[]): Response {
  const headers = new Headers({
    location: location.href,
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
  })
  for (const cookie of cookies) headers.append('set-cookie', cookie)
  return new Response(null, { status: 302, headers })
}
