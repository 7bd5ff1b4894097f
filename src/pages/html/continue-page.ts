import { html } from 'hono/html'
import { page } from './layout.ts'

/** Leads on, for browsers that do not follow `Refresh` by themselves. */
export function continuePage(title: string, location: URL): string {
  const body = html`<h1>One moment</h1>
    <p>This page leads on by itself.</p>
    <p><a class="button" href="${location.href}">Continue</a></p>`
  return page(title, body)
}
