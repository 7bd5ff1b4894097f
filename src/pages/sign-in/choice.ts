import type { SignInTarget } from '../../identity/pending-flow.ts'
import type { Providers } from '../../identity/providers.ts'
import { providerParameter } from '../../tunnel/sign-in.ts'
import { sendPage, type PageContext } from '../answers/page-app.ts'
import { providerChoicePage } from '../html/provider-page.ts'
import { beginSignIn } from './device-decision.ts'
import { redirect } from './one-origin.ts'
import type { SignInParts } from './parts.ts'

/** The one that the address names, or that is alone; undefined where a person has to choose. */
export function chosenProvider(c: PageContext, { identity }: SignInParts): string | undefined {
  const named = c.req.query(providerParameter)
  if (named !== undefined) return named
  const [first, ...others] = identity.providers.all
  return others.length === 0 ? first?.id : undefined
}

/**
 * Asks with which provider somebody signs in. Each link leads to this very page again and names one: what
 * is signed of its address is signed without that.
 */
export function askWhich(
  c: PageContext,
  { identity, origin }: SignInParts,
): Response | Promise<Response> {
  const last = identity.lastProvider.read(c.req.header('cookie'))
  const offered = lastFirst(identity.providers.all, last).map(({ id, name }) => {
    const { pathname, searchParams } = new URL(c.req.url)
    searchParams.set(providerParameter, id)
    return { name, href: `${pathname}?${searchParams.toString()}`, isLast: id === last }
  })
  return sendPage(c, providerChoicePage(origin.host, offered))
}

function lastFirst(all: Providers['all'], last: string | undefined): Providers['all'] {
  return [...all.filter(({ id }) => id === last), ...all.filter(({ id }) => id !== last)]
}

/** The `Set-Cookie` values that keep what somebody has chosen; none where there is nothing to choose. */
export function keepChoice({ identity }: SignInParts, provider: string): readonly string[] {
  const { all } = identity.providers
  const isOne = all.some(({ id }) => id === provider)
  return isOne && all.length > 1 ? [identity.lastProvider.keep(provider)] : []
}

/** Has somebody sign in who is nobody here yet, and come back to where `target` says. */
export async function signInAndReturn(
  c: PageContext,
  parts: SignInParts,
  target: SignInTarget,
): Promise<Response> {
  const provider = chosenProvider(c, parts)
  if (provider === undefined) return askWhich(c, parts)
  const { location, cookies } = await beginSignIn(c, parts, target, provider)
  return redirect(location, [...cookies, ...keepChoice(parts, provider)])
}
