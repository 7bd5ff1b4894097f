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
