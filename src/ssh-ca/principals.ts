import { findClaim } from '../claim-path.ts'
import { AccessError } from '../errors.ts'
import type { AnySession } from '../identity/session.ts'
import { defaultProviderId } from '../identity/user-ids.ts'
import type { PrincipalsFrom } from './settings.ts'

/**
 * Most accounts that one certificate names; OpenSSH takes 256 (`SSHKEY_CERT_MAX_PRINCIPALS`).
 *
 * @limit accounts in one SSH certificate: 403 `no_ssh_account`
 */
const maxPrincipals = 64

/**
 * The name of an account, as useradd(8) and Active Directory have them. Nothing that an
 * `AuthorizedPrincipalsFile` would take for two names, an option or a pattern.
 */
const accountName = /^[a-z_][a-z0-9_.-]{0,63}$/i

/** Whether it can stand for an account in a certificate. */
export function isAccountName(name: string): boolean {
  return accountName.test(name)
}

/**
 * The accounts that somebody may have in a certificate.
 *
 * @throws AccessError `no-ssh-account` for whoever has none
 */
export function principalsOf(
  session: AnySession,
  from: PrincipalsFrom,
): readonly [string, ...string[]] {
  if (session.kind === 'service-account') {
    throw noAccount('a service account gets no SSH certificate', 'sign in as a person')
  }
  if (from.kind === 'fixed') return from.names
  const named = from.kind === 'email' ? fromEmail(session, from.domains) : fromClaim(session, from)
  const [first, ...rest] = new Set(named)
  if (first !== undefined && rest.length < maxPrincipals) return [first, ...rest]
  throw noAccount(`the claim "${'claim' in from ? from.claim : ''}" names no account of yours`)
}

type Person = Extract<AnySession, { kind: 'person' }>

/** The whole local part or nothing: what is left of one without a character may be somebody else's. */
function fromEmail({ email, emailVerified }: Person, domains: readonly string[]): string[] {
  const [, local = '', domain = ''] = /^([^@]+)@([^@]+)$/.exec(email?.toLowerCase() ?? '') ?? []
  if (!emailVerified || !domains.includes(domain)) {
    throw noAccount('your email address names no account here')
  }
  // Whoever is called so by their provider does not become the administrator by it.
  if (!isAccountName(local) || local === 'root') {
    throw noAccount(`"${local}", of your email address, cannot be the name of an account`)
  }
  return [local]
}

/**
 * A name that cannot be one is left out; whoever keeps the claim may use it for other things as well. Another provider
 * than the default one has claims in its own words, and could name any account with them.
 */
function fromClaim({ claims, provider }: Person, { claim }: { readonly claim: string }): string[] {
  if (provider !== defaultProviderId)
    throw noAccount(`the sign-in service that you use names no accounts here`)
  const found = findClaim(claims, claim)
  const names: readonly unknown[] = Array.isArray(found) ? found : [found]
  return names.filter((name) => typeof name === 'string' && isAccountName(name)) as string[]
}

function noAccount(
  message: string,
  hint = 'ask whoever runs this gateway for an account',
): AccessError {
  return new AccessError('no-ssh-account', message, { hint })
}
