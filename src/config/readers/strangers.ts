import type { RequestFacts, Subject } from '../../policy/facts.ts'
import type { NewRoute } from '../../routes/route.ts'
import { show } from '../../schema.ts'
import type { Source } from '../source/source.ts'
import type { IdentityProvider } from './sign-in.ts'

/** At these anybody can make an account. */
const openHosts: readonly string[] = ['accounts.google.com', 'github.com', 'gitlab.com']

/** @limit none: routes that the warning names; of the others it tells how many */
const maxNamed = 3

/**
 * Warns of routes that let in whoever is signed in, where anybody can be: of a company's own provider that is
 * the company, and of Google's it is the world.
 */
export function warnOfStrangers(
  { settings, findings, nowMs }: Source,
  providers: readonly IdentityProvider[],
  routes: readonly NewRoute[],
): void {
  for (const { id, name, url, keyPrefix } of providers) {
    if (!openHosts.includes(url.host)) continue
    const open = routes.filter((route) => letsIn(route, strangerOf(id), nowMs))
    if (open.length === 0) continue
    const message = `anybody can have an account at ${name}, and is let in at ${named(open)}`
    const hint = 'have their policies name people, groups or domains'
    const [key, within] =
      keyPrefix === 'idp_'
        ? (['idp_provider', []] as const)
        : (['identity_providers', [id]] as const)
    findings.warnings.push(settings.problem(key, message, { within: [...within], at: 'key', hint }))
  }
}

function strangerOf(provider: string): Subject {
  return {
    kind: 'person',
    userId: 'somebody',
    provider,
    email: undefined,
    emailVerified: false,
    groups: [],
    claims: {},
  }
}

/** Not where nobody has to sign in at all: that is said aloud. */
function letsIn({ policy }: NewRoute, subject: Subject, nowMs: number): boolean {
  const facts: Omit<RequestFacts, 'subject'> = {
    method: 'CONNECT',
    path: '',
    sourceIp: '192.0.2.1',
    nowMs,
  }
  const isAllowed = (who: Subject | undefined): boolean =>
    policy.evaluate({ ...facts, subject: who }).outcome === 'allow'
  return isAllowed(subject) && !isAllowed(undefined)
}

function named(routes: readonly NewRoute[]): string {
  const names = routes.slice(0, maxNamed).map(({ name }) => show(name))
  const more = routes.length - names.length
  return more === 0 ? names.join(', ') : `${names.join(', ')} and ${more} more`
}
