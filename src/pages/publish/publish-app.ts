import { createPageApp, type PageApp } from '../answers/page-app.ts'
import { createPublishLoginApi } from './login-api.ts'
import { createPublishLoginPages } from './login-pages.ts'
import type { PublishLoginParts } from './login-parts.ts'
import { createPublishApi, type PublishApiParts } from './publish-api.ts'

/** Everything by which people publish services of their own. */
export function createPublishApp(parts: PublishLoginParts & PublishApiParts): PageApp {
  const app = createPageApp()
  app.route('/', createPublishLoginApi(parts))
  app.route('/', createPublishLoginPages(parts))
  app.route('/', createPublishApi(parts))
  return app
}
