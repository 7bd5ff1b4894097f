import { html } from 'hono/html'
import { page, type Markup } from './layout.ts'

/** One of several providers that somebody may sign in with. */
export interface OfferedProvider {
  /** What people call it. */
  readonly name: string
  /** Path and query that begin the sign-in with it. */
  readonly href: string
  /** Whether it was chosen in this browser the last time. */
  readonly isLast: boolean
}

/** Asks with which provider somebody signs in, where there are several: links, in the order given. */
export function providerChoicePage(gateway: string, offered: readonly OfferedProvider[]): string {
  const body = html`<h1>Sign in</h1>
    <p>Where do you have your account? <strong>${gateway}</strong> asks there who you are.</p>
    <nav aria-label="Ways to sign in">
      <ul class="ways">
        ${offered.map(wayItem)}
      </ul>
    </nav>`
  return page('Sign in', body)
}

function wayItem({ name, href, isLast }: OfferedProvider): Markup {
  return html`<li>
    <a class="way" href="${href}"
      ><span>${name}</span>${isLast ? html` <span class="quiet">used last time</span>` : ''}</a
    >
  </li>`
}
