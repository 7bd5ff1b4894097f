import { Hono } from 'hono'
import type { CreatePages, PageApp, PagesParts } from '../gateway/parts.ts'
import { createApi } from './api/app.ts'
import { builtDirectory, readBuiltFiles } from '../built-files.ts'
import { createConsole } from './console.ts'
import { createPortal } from './portal.ts'

/** Where the builds are. **Default:** where `npm run build` puts them. */
export interface PageDirectories {
  readonly portal?: string
  readonly console?: string
}

/**
 * Reads the builds of the portal and the console and answers what makes their pages, and the API. Where there is no
 * build, that says so in the gateway's log: a plain page stands in for the portal, none for the console.
 */
export async function loadPages(directories: PageDirectories = {}): Promise<CreatePages> {
  const directory = {
    portal: directories.portal ?? builtDirectory('portal'),
    console: directories.console ?? builtDirectory('console'),
  }
  const portal = await readBuiltFiles(directory.portal)
  const console = await readBuiltFiles(directory.console)
  return (parts) => {
    const app: PageApp = new Hono()
    if (portal !== undefined) app.route('/', createPortal(portal, parts))
    else
      sayNotBuilt(parts, 'the portal is not built, a plain page is shown instead', directory.portal)
    if (console !== undefined) app.route('/', createConsole(console, parts))
    else sayNotBuilt(parts, 'the console is not built', directory.console)
    app.route('/', createApi(parts))
    return { app, hasPortal: portal !== undefined }
  }
}

function sayNotBuilt({ logger }: PagesParts, message: string, directory: string): void {
  logger.warn(message, { directory, hint: 'run "npm run build"' })
}
