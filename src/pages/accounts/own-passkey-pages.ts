import type { AccountRecord } from '../../store/account-store.ts'
import { localProviderId } from '../../identity/user-ids.ts'
import { systemClock } from '../../clock.ts'
import { gatewayPaths } from '../../tunnel/paths.ts'
import { providerParameter } from '../../tunnel/sign-in.ts'
import { limitBody } from '../answers/body.ts'
import { sendOnward } from '../answers/onward.ts'
import {
  createPageApp,
  sendScriptedPage,
  type PageApp,
  type PageContext,
} from '../answers/page-app.ts'
import { formatTime } from '../html/account-page.ts'
import {
  ownPasskeyPaths,
  ownPasskeysPage,
  passkeyFields,
  type ShownPasskey,
} from '../html/passkey-page.ts'
import { beginSignIn } from '../sign-in/device-decision.ts'
import { onlyOn, redirect, refuseForeign } from '../sign-in/one-origin.ts'
import { returnToParameter } from '../sign-in/own-page.ts'
import {
  faultOf,
  lineIn,
  maxPasskeyFormBytes,
  nothingMade,
  passkeyNameFor,
  textFields,
  type AccountPageParts,
} from './parts.ts'
import type { PasskeyRecord } from '../../store/account-store.ts'

/** Behind the address of the page for somebody who has just made the first. */
export const newQuery = 'new'

/**
 * How long after a sign-in somebody may change their passkeys: whoever has stolen a session has no passkey to begin
 * another one with.
 *
 * @limit time from a sign-in in which passkeys may be changed: use one of them once more
 */
const maxSinceSignInMs = 600_000
/** @limit none: characters of the name of a passkey, the rest is left out */
const maxNameChars = 60

/** Somebody's own passkeys: what there are, and one more, another name, or one less. */
export function createOwnPasskeyPages(parts: AccountPageParts): PageApp {
  const { identity, local, origin } = parts
  const app = createPageApp()
  app.use(gatewayPaths.passkeys, onlyOn(origin))
  app.use(`${gatewayPaths.passkeys}/*`, onlyOn(origin))

  app.get(gatewayPaths.passkeys, async (c) => {
    const own = await ownAccount(c)
    return own === undefined ? toSignIn() : show(c, own)
  })

  app.post(ownPasskeyPaths.add, limitBody(maxPasskeyFormBytes), (c) =>
    change(c, async (account, field) => {
      const response = field(passkeyFields.response)
      if (response === '') return nothingMade
      const name = passkeyNameFor(c.req.header('user-agent'))
      const ticket = field(passkeyFields.ticket)
      const cookieHeader = c.req.header('cookie')
      await local.registrations.finish(account, { response, ticket, name, cookieHeader })
      return undefined
    }),
  )
  app.post(ownPasskeyPaths.rename, limitBody(maxPasskeyFormBytes), (c) =>
    change(c, async (account, field) => {
      const name = lineIn(field(passkeyFields.name), maxNameChars)
      if (name === '') return 'Give the passkey a name.'
      await local.renamePasskey(account, field(passkeyFields.id), name)
      return undefined
    }),
  )
  app.post(ownPasskeyPaths.remove, limitBody(maxPasskeyFormBytes), (c) =>
    change(c, async (account, field) => {
      const done = await local.removePasskey(account, field(passkeyFields.id))
      return done === 'last' ? 'This is your last passkey: add another one first.' : undefined
    }),
  )
  app.post(ownPasskeyPaths.confirm, limitBody(maxPasskeyFormBytes), async (c) => {
    refuse(c)
    const returnTo = new URL(gatewayPaths.passkeys, origin).href
    const target = { returnTo, carries: 'nothing' } as const
    const { location, cookies } = await beginSignIn(c, parts, target, localProviderId)
    return sendOnward(c, 'Your passkeys', location, cookies)
  })

  /** Changes something for somebody who has shown just now who they are; `make` answers a fault in words. */
  async function change(
    c: PageContext,
    make: (account: AccountRecord, field: (name: string) => string) => Promise<string | undefined>,
  ): Promise<Response> {
    refuse(c)
    const field = await textFields(c)
    const own = await ownAccount(c)
    if (own === undefined) return toSignIn()
    if (!own.isFresh) return show(c, own)
    const fault = await make(own.account, field).catch(faultOf)
    return fault === undefined
      ? redirect(new URL(gatewayPaths.passkeys, origin), [])
      : show(c, own, fault)
  }

  const refuse = (c: PageContext): void =>
    refuseForeign(c, origin, 'change your passkeys on the page of this gateway')

  function toSignIn(): Response {
    const url = new URL(gatewayPaths.signIn, origin)
    url.searchParams.set(returnToParameter, gatewayPaths.passkeys)
    // Also for who is signed in with another one, and would be led back here by that.
    url.searchParams.set(providerParameter, localProviderId)
    return redirect(url, [])
  }

  /** Of somebody who is signed in with an account of this gateway. */
  async function ownAccount(c: PageContext): Promise<OwnAccount | undefined> {
    const found = await identity.fromCookie(c.req.header('cookie'))
    const account = found && (await local.accountOf(found.session))
    if (found === undefined || account === undefined) return undefined
    const { clock = systemClock } = c.env
    const isFresh = clock.now() - found.session.issuedAtMs < maxSinceSignInMs
    return { account, isFresh }
  }

  async function show(
    c: PageContext,
    { account, isFresh }: OwnAccount,
    fault?: string,
  ): Promise<Response> {
    const passkeys = await local.passkeysOf(account)
    const cookieHeader = c.req.header('cookie')
    const adding = isFresh ? await local.registrations.begin(account, cookieHeader) : undefined
    const page = ownPasskeysPage({
      gateway: origin.host,
      email: account.email,
      passkeys: passkeys.map(toShown),
      adding,
      isNew: c.req.query(newQuery) !== undefined && passkeys.length === 1,
      fault,
      script: parts.script,
    })
    const response = sendScriptedPage(c, page)
    for (const cookie of adding?.cookies ?? []) response.headers.append('set-cookie', cookie)
    return response
  }
  return app
}

interface OwnAccount {
  readonly account: AccountRecord
  /** Whether they have shown just now who they are. */
  readonly isFresh: boolean
}

function toShown(passkey: PasskeyRecord): ShownPasskey {
  const { id, name, isBackedUp, createdAtMs, lastUsedAtMs } = passkey
  const lastUsedAt = lastUsedAtMs === undefined ? undefined : formatTime(lastUsedAtMs)
  return { id, name, isBackedUp, madeAt: formatTime(createdAtMs), lastUsedAt }
}
