import { createPageApp, type PageApp } from '../app.ts'
import { createLoginApi } from '../pomerium/login-api.ts'
import { createAccountPages } from './account-pages.ts'
import type { SignInParts } from './parts.ts'
import { createSignInPages } from './sign-in-pages.ts'

/** Every page and API that has to do with who somebody is. */
export function createSignInApp(parts: SignInParts): PageApp {
  const app = createPageApp()
  for (const create of [createLoginApi, createSignInPages, createAccountPages]) {
    app.route('/', create(parts))
  }
  return app
}
