import { html } from 'hono/html'
import type { Session } from '../../identity/session.ts'
import { formatTime } from './account-page.ts'
import { page, type Markup } from './layout.ts'

/** What somebody is asked before a program on their machine is signed in as them. */
export interface ProgramQuestion {
  /** `127.0.0.1:PORT`, where the program waits. */
  readonly program: string
  /** Who is signed in in this browser; undefined for nobody yet. */
  readonly session: Session | undefined
  /** Path and query that the form is sent to: the signed address of the sign-in. */
  readonly action: string
}

/** Fields of the form. */
export const questionFields = { decision: 'decision' } as const

/** Asks somebody whom another website has sent here. */
export function programQuestionPage({ program, session, action }: ProgramQuestion): string {
  const body = html`<h1>Sign in this program as you?</h1>
    <p>Another website has sent you here, to sign in a program on this computer.</p>
    <dl>
      <dt>It waits at</dt>
      <dd><code>${program}</code></dd>
      <dt>It will be</dt>
      <dd>${nameOf(session)}</dd>
      ${session === undefined ? '' : until(session)}
    </dl>
    <p class="warning">
      If you did not just start such a program, "postern tcp" or "ssh" for example, deny it: it
      could use every service that you may use.
    </p>
    <form method="post" action="${action}">
      <div class="choices">
        <button class="main" name="${questionFields.decision}" value="approve">Sign it in</button>
        <button name="${questionFields.decision}" value="deny">Deny</button>
      </div>
    </form>`
  return page('Sign in a program', body)
}

/** What the person sees after a no, where the program cannot be told. */
export function programDeniedPage(): string {
  const body = html`<h1>Denied</h1>
    <p>The program is not signed in. You can close this page.</p>
    <p><a href="/">Your page at this gateway</a></p>
    <p class="quiet">If you wonder who asked, tell whoever runs this gateway.</p>`
  return page('Denied', body)
}

function nameOf(session: Session | undefined): Markup {
  if (session === undefined) return html`<span class="quiet">you, once you have signed in</span>`
  const { email, name, userId } = session
  return html`${email ?? name ?? userId}`
}

function until({ expiresAtMs }: Session): Markup {
  return html`<dt>Until</dt>
    <dd><time>${formatTime(expiresAtMs)}</time></dd>`
}
