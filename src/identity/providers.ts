import { AccessError } from '../errors.ts'
import type { SessionFacts, SessionRecord, Voucher } from '../store/store.ts'
import { createGithubProvider } from './github-provider.ts'
import { personOf } from './person.ts'
import type { ClaimNames, Claims, Person } from './person.ts'
import { createProvider } from './provider.ts'
import type { Provider, ProviderOptions } from './provider.ts'
import { createUserIds } from './user-ids.ts'
import type { UserIds } from './user-ids.ts'

/** What people are told of a provider, and what they choose it by. */
export interface ProviderName {
  /** Lower-case letters, digits and `-`; kept with every session. */
  readonly id: string
  /** What people read. */
  readonly name: string
}

/** One way to sign in, as the configuration has it. */
export interface NamedProviderOptions extends ProviderName, ProviderOptions, ClaimNames {
  /** What its keys begin with, for whoever must look at one: `idp_`, `identity_providers.partner.`. */
  readonly keyPrefix: string
  /**
   * What its secret was given by, such as `idp_client_secret_file` or the variable `IDP_CLIENT_SECRET`; absent where that is
   * `client_secret` behind the prefix.
   */
  readonly clientSecretKey?: string
}

/** A provider by its id. The user ids that it takes and gives are those of `UserIds`. */
export interface NamedProvider
  extends ProviderName, Provider, Pick<NamedProviderOptions, 'keyPrefix' | 'clientSecretKey'> {
  readonly groupsClaim: string
  /** The user id here of whoever it knows by this `sub`. */
  userIdOf(subject: string): string
  /** What its claims say of somebody. */
  personOf(claims: Claims): Person
  /**
   * Whether it vouches for somebody still, whose session is kept by now; only one that can take its word back in the
   * same moment. **Default:** it does
   */
  readonly vouches?: (session: Pick<SessionRecord, 'userId' | 'refreshToken'>) => Promise<boolean>
}

/** What tells who vouched for a session. */
export type VouchedFor = Voucher & Pick<SessionFacts, 'userId'>

/** Everybody who says who people are. */
export interface Providers {
  /** In the order in which people are offered them; at least one. */
  readonly all: readonly NamedProvider[]
  get(id: string): NamedProvider | undefined
  /**
   * Who vouched for a session; undefined when that is none of these, as they are configured now. Then
   * nobody vouches for it any more.
   */
  of(session: VouchedFor): NamedProvider | undefined
  /** Ends what is under way. */
  close(): void
}

/** Those that are configured, and `own` beside them, whose ids of people are its own. */
export function openProviders(
  options: readonly NamedProviderOptions[],
  ids: UserIds = createUserIds(options.map(({ id }) => id)),
  own: readonly NamedProvider[] = [],
): Providers {
  const configured = options.map((it) => nameProvider(it, openProvider(it), ids))
  return createProviders([...configured, ...own], ids)
}

function openProvider(options: ProviderOptions): Provider {
  return options.speaks === 'github' ? createGithubProvider(options) : createProvider(options)
}

export function createProviders(all: readonly NamedProvider[], ids: UserIds): Providers {
  const byId = new Map(all.map((provider) => [provider.id, provider]))
  return {
    all,
    get: (id) => byId.get(id),
    of({ provider: id, issuer, userId }) {
      const provider = byId.get(id)
      const isTheirs = provider?.issuer === issuer && ids.subjectOf(id, userId) !== undefined
      return isTheirs ? provider : undefined
    },
    close() {
      for (const provider of all) provider.close()
    },
  }
}

type Naming = Omit<NamedProviderOptions, keyof ProviderOptions>

/** Has a provider speak of people and groups by the ids and names that they have here. */
export function nameProvider(naming: Naming, provider: Provider, ids: UserIds): NamedProvider {
  const { id, name, keyPrefix, clientSecretKey, groupsClaim } = naming
  const subjectOf = (userId: string): string => {
    const subject = ids.subjectOf(id, userId)
    if (subject !== undefined) return subject
    throw new AccessError('provider-invalid', 'this session is not of this sign-in service')
  }
  return {
    ...provider,
    id,
    name,
    keyPrefix,
    ...(clientSecretKey !== undefined && { clientSecretKey }),
    groupsClaim,
    userIdOf: (subject) => ids.userIdOf(id, subject),
    async exchange(callback, checks) {
      const { userId: subject, ...tokens } = await provider.exchange(callback, checks)
      return { ...tokens, userId: ids.userIdOf(id, subject) }
    },
    refresh: async (token, userId) => provider.refresh(token, subjectOf(userId)),
    claims: async (tokens, userId, onLeftOut) =>
      provider.claims(tokens, subjectOf(userId), onLeftOut),
    personOf(claims) {
      const person = personOf(claims, naming)
      return { ...person, groups: person.groups.map((group) => ids.groupOf(id, group)) }
    },
  }
}
