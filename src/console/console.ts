import { Hono } from 'hono'
import type { PageApp, PagesParts } from '../gateway/parts.ts'
import type { BuiltFiles } from '../built-files.ts'
import { serveBuild } from './built-page.ts'

/**
 * The console's page, whatever is asked for below its path: which view that is, the page finds out. It is
 * the same for everybody and tells nothing: what it shows comes from `/api/v1`, which asks who somebody is.
 */
export function createConsole(files: BuiltFiles, { origin }: PagesParts): PageApp {
  const app: PageApp = new Hono()
  // Where nobody can sign in, nobody has a role.
  if (origin === undefined) return app
  serveBuild(app, { name: 'console', files, paths: ['/console', '/console/*'], origin })
  return app
}
