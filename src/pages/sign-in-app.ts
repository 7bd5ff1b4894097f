import { createPageApp, type PageApp } from './answers/page-app.ts'
import { createDeviceApi } from './sign-in/device-api.ts'
import { createDevicePages } from './sign-in/device-pages.ts'
import { createLoginApi } from './pomerium/login-api.ts'
import { createAccountPages } from './sign-in/account-pages.ts'
import { createEndSessionApi } from './sign-in/end-session-api.ts'
import type { SignInParts } from './sign-in/parts.ts'
import { createSignInPages } from './sign-in/sign-in-pages.ts'

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
