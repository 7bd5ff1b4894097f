import { createPageApp, type PageApp } from '../app.ts'
import { createDeviceApi } from '../device/api.ts'
import { createDevicePages } from '../device/pages.ts'
import { createLoginApi } from '../pomerium/login-api.ts'
import { createAccountPages } from './account-pages.ts'
import { createEndSessionApi } from './end-session-api.ts'
import type { SignInParts } from './parts.ts'
import { createSignInPages } from './sign-in-pages.ts'

/** Every page and API that has to do with who somebody is. */
export function createSignInApp(parts: SignInParts): PageApp {
  const app = createPageApp()
  const all = [
    createLoginApi,
    createSignInPages,
    createAccountPages,
    createDeviceApi,
    createDevicePages,
    createEndSessionApi,
  ]
  for (const create of all) app.route('/', create(parts))
  return app
}
