import type { BuiltFiles } from '../../built-files.ts'
import { createPageApp, type PageApp } from '../answers/page-app.ts'
import type { SignInParts } from '../sign-in/parts.ts'
import { createInvitationPages } from './invitation-pages.ts'
import { createOwnPasskeyPages } from './own-passkey-pages.ts'
import { createPasskeyScript } from './passkey-files.ts'
import { createPasskeySignInPages } from './passkey-sign-in-pages.ts'

/** Every page about the gateway's own accounts; undefined where there are none. */
export function createAccountApp(
  parts: SignInParts,
  files: BuiltFiles | undefined,
): PageApp | undefined {
  const { localAccounts: local } = parts.identity
  if (local === undefined) return undefined
  const { path: script, app: served } = createPasskeyScript(files)
  const all = { ...parts, local, script }
  const app = createPageApp()
  app.route('/', served)
  for (const create of [createPasskeySignInPages, createInvitationPages, createOwnPasskeyPages])
    app.route('/', create(all))
  return app
}
