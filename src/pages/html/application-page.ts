import { html } from 'hono/html'
import { command } from './command.ts'
import type { NamedApplication } from './cloudflared-page.ts'
import { ownPortOf } from '../../routes/local-ports.ts'
import { page } from './layout.ts'

/** What a browser shows of an application: what it is, and how to get there. */
export function applicationPage({ hostname, place }: NamedApplication): string {
  const port = ownPortOf(hostname)
  const body = html`<h1><code>${hostname}</code> is no web page</h1>
    <p>
      It is a TCP service, such as a database or SSH, behind a Postern gateway. A program on your
      machine connects to it through a local port that this opens:
    </p>
    <pre>${command(`postern access tcp --hostname ${place} --url localhost:${port}`)}</pre>
    <p>It opens the browser for you to sign in, where the service asks for that.</p>
    <h2>SSH</h2>
    <pre>
${command(`ssh -o "ProxyCommand=postern access ssh --hostname ${place}" ${hostname}`)}</pre>
    <h2>With cloudflared</h2>
    <pre>${command(`cloudflared access tcp --hostname ${place} --url localhost:${port}`)}</pre>
    <p class="quiet">
      Where it asks you to sign in, run
      ${command(`postern access login --for-cloudflared ${place}`)} first.
    </p>`
  return page(hostname, body)
}
