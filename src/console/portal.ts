import { Hono } from 'hono'
import type { PageApp, PagesParts } from '../gateway/parts.ts'
import type { BuiltFiles } from '../built-files.ts'
import { isOwnHost, pageHeaders, refuseOtherSites, serveBuild } from './built-page.ts'
import type { PortalView } from './portal-view.ts'
import { viewPortal } from './view-portal.ts'

/** As in `src/web/portal/use-portal.ts`. */
const viewPath = '/.postern/api/v1/portal'

/** The portal: one page, its files, and what it shows as JSON. */
export function createPortal(files: BuiltFiles, parts: PagesParts): PageApp {
  const { origin } = parts
  const app: PageApp = new Hono()
  serveBuild(app, { name: 'portal', files, paths: ['/'], origin })
  app.get(viewPath, async (c, next) => {
    if (!isOwnHost(c, origin)) return next()
    refuseOtherSites(c)
    const session = await parts.sessionOf(c.req.header('cookie'))
    const gateway = origin?.origin ?? `https://${new URL(c.req.url).host}`
    const seen = viewPortal(parts, { session, client: c.env.client, gateway }, Date.now())
    // A store that does not answer hides that list, and no route.
    const hasAsked = session !== undefined && parts.hasAsked(session.userId).catch(() => false)
    const { executables, page = null } = await parts.downloads()
    const install = { gateway, executables, page }
    const view: PortalView = { ...seen, install, hasAsked: await hasAsked }
    return c.json(view, 200, { ...pageHeaders, 'cache-control': 'no-store' })
  })
  return app
}
