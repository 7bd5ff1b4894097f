import { AccessError } from '../../errors.ts'
import type { PageContext } from '../app.ts'

/**
 * Browsers say where a form was sent from (`Origin`); another site's may do nothing here. Throws
 * `AccessError` `origin-not-allowed`; `hint` says what its reader can do instead.
 */
export function refuseForeign(c: PageContext, origin: URL, hint: string): void {
  const sender = c.req.header('origin')
  if (sender === undefined || sender === origin.origin) return
  throw new AccessError('origin-not-allowed', 'this form was sent from another site', { hint })
}
