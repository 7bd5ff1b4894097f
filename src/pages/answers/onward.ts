import { sendPage, type PageContext } from './page-app.ts'
import { html } from 'hono/html'
import { page } from '../html/layout.ts'

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

/** Leads on, for browsers that do not follow `Refresh` by themselves. */
function continuePage(title: string, location: URL): string {
  const body = html`<h1>One moment</h1>
    <p>This page continues by itself.</p>
    <p><a class="button" href="${location.href}">Continue</a></p>`
  return page(title, body)
}
