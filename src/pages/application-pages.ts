import { bracketed, hostOfAuthority } from '../address.ts'
import type { Route } from '../routes/route.ts'
import { isOwnPath } from '../tunnel/paths.ts'
import { prefersHtml } from './answers/answer.ts'
import { createPageApp, sendPage, sendRefusal, type PageApp } from './answers/page-app.ts'
import type { Refusal } from './answers/refusal.ts'
import { applicationPage } from './html/application-page.ts'

export interface ApplicationPagesParts {
  /** The application that answers on every path of this host; `host` as `parseHost` answers it. */
  applicationAt(host: string): Route | undefined
}

/**
 * Answers every request at an application's host that is neither an upgrade nor for a path of the gateway's
 * own: with how to connect, whoever asks, and nothing of what stands in the configuration.
 */
export function createApplicationPages({ applicationAt }: ApplicationPagesParts): PageApp {
  const app = createPageApp()
  app.use((c, next) => {
    const { host: authority, port } = new URL(c.req.url)
    const host = hostOfAuthority(authority)
    const isElsewhere = host === undefined || applicationAt(host) === undefined
    if (isElsewhere || isOwnPath(c.req.path)) return next()
    const hostname = bracketed(host)
    const place = port === '' ? hostname : `${hostname}:${port}`
    const mayShow = c.req.method === 'GET' || c.req.method === 'HEAD'
    return Promise.resolve(
      mayShow && prefersHtml(c.req.header('accept') ?? '')
        ? sendPage(c, applicationPage({ hostname, place }))
        : sendRefusal(c, upgradeRequired(place)),
    )
  })
  return app
}

/** Not 426, whose `Upgrade` field HTTP/2 does not allow. */
function upgradeRequired(place: string): Refusal {
  return {
    status: 400,
    code: 'upgrade_required',
    message:
      'this is a TCP service, which is reached by CONNECT or a WebSocket, and this request is neither',
    next: `connect with "postern access tcp --hostname ${place} --url localhost:PORT"`,
    reasons: [],
  }
}
