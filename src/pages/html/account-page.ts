import { html } from 'hono/html'
import type { Session } from '../../identity/session.ts'
import { localProviderId } from '../../identity/user-ids.ts'
import { gatewayPaths } from '../../tunnel/paths.ts'
import type { UsableRoute } from '../../routes/seen.ts'
import { command } from './command.ts'
import { page } from './layout.ts'

/**
 * What a signed-in person sees: who they are, until when, and what they may use now. `provider` is what
 * people call the one that says so, where there are several.
 */
export function accountPage(
  session: Session,
  routes: readonly UsableRoute[],
  provider: string | undefined,
): string {
  const { name, email, userId, groups, expiresAtMs } = session
  const body = html`<h1>${name ?? email ?? userId}</h1>
    <dl>
      <dt>Email</dt>
      <dd>
        ${email ?? 'not sent by your provider'}${session.emailVerified ? '' : ' (not verified)'}
      </dd>
      <dt>User</dt>
      <dd><code>${userId}</code></dd>
      ${
        provider === undefined
          ? ''
          : html`<dt>Signed in with</dt>
              <dd>${provider}</dd>`
      }
      <dt>Groups</dt>
      <dd>${groups.length === 0 ? 'none' : groups.join(', ')}</dd>
      <dt>Signed in until</dt>
      <dd><time>${formatTime(expiresAtMs)}</time></dd>
    </dl>
    <h2>Routes you may use now</h2>
    ${
      routes.length === 0
        ? html`<p class="quiet">None. Ask whoever runs this gateway for access.</p>`
        : html`<ul>
            ${routes.map(routeItem)}
          </ul>`
    }
    ${
      session.provider === localProviderId
        ? html`<p class="after"><a href="${gatewayPaths.passkeys}">Your passkeys</a></p>`
        : ''
    }
    <form method="post" action="/.pomerium/sign_out"><button>Sign out</button></form>`
  return page('Your account', body)
}

function routeItem({ route, ways }: UsableRoute): ReturnType<typeof html> {
  return html`<li>
    <strong>${route.name}</strong>
    ${route.description === '' ? '' : html`<span class="quiet">${route.description}</span>`}
    ${ways.map(({ connect }) => html`<pre>${command(connect)}</pre>`)}
  </li>`
}

/** What a person sees at the gateway's own address. */
export function welcomePage(mayStart: boolean): string {
  const body = html`<h1>This is a Postern gateway</h1>
    <p>
      It lets people reach TCP services through one HTTPS port, signed in and allowed by policy.
    </p>
    ${mayStart ? html`<p><a class="button" href="/.pomerium/">Sign in</a></p>` : ''}
    <p class="quiet">On your own machine: <code>postern tcp HOST:PORT</code></p>`
  return page('Gateway', body)
}

/** What a person sees after signing out. */
export function signedOutPage(): string {
  const body = html`<h1>You are signed out</h1>
    <p>The tunnels that needed your session are closed. "postern tcp" asks you to sign in again.</p>
    <p><a class="button" href="/.pomerium/">Sign in</a></p>`
  return page('Signed out', body)
}

/** Asks before signing out: a link alone must not do it. */
export function signOutPage(): string {
  const body = html`<h1>Sign out?</h1>
    <p>Your session ends, here and in "postern tcp", and the tunnels that need it are closed.</p>
    <form method="post" action="/.pomerium/sign_out"><button>Sign out</button></form>`
  return page('Sign out', body)
}

/** `2026-08-20 10:00:00 UTC` */
export function formatTime(ms: number): string {
  return new Date(ms)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, ' UTC')
}
