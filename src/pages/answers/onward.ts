import { sendPage, type PageContext } from './page-app.ts'
import { continuePage } from '../html/continue-page.ts'

/**
 * Leads on from a form. Not a redirect: browsers hold those that follow a form to `form-action`, which
 * is this origin alone, wherever the provider leads. A refresh is a navigation of its own.
 */
export function sendOnward(
  c: PageContext,
  title: string,
  location: URL,
  cookies: readonly string[],
): Response {
  const response = sendPage(c, continuePage(title, location))
  response.headers.set('refresh', `0; url=${location.href}`)
  response.headers.set('referrer-policy', 'no-referrer')
  for (const cookie of cookies) response.headers.append('set-cookie', cookie)
  return response
}
