import { html } from 'hono/html'
import { ownPortOf } from '../../routes/local-ports.ts'
import { command } from './command.ts'
import { page } from './layout.ts'

/** An application, as somebody types it. */
export interface NamedApplication {
  readonly hostname: string
  /** The same with the port of the gateway, where that is not 443. */
  readonly place: string
}

/** What somebody sees whom cloudflared has sent here to sign in. */
export function cloudflaredPage({ hostname, place }: NamedApplication): string {
  const port = ownPortOf(hostname)
  const body = html`<h1>Sign in to <code>${hostname}</code> on your machine</h1>
    <p>
      cloudflared waits for a sign-in by a service of Cloudflare, which this gateway does not use.
      Stop it, sign in with Postern, and start it again:
    </p>
    <pre>${command(`postern access login --for-cloudflared ${place}`)}</pre>
    <p>It keeps the sign-in where cloudflared looks for it.</p>
    <h2>Or without cloudflared</h2>
    <pre>${command(`postern access tcp --hostname ${place} --url localhost:${port}`)}</pre>
    <h2>For programs</h2>
    <p>A service account needs no browser:</p>
    <pre>
${command(`cloudflared access tcp --hostname ${place} --url localhost:${port} --service-token-id ID --service-token-secret SECRET`)}</pre>`
  return page(`Sign in to ${hostname}`, body)
}
