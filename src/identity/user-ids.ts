/** The provider that the keys `idp_*` name; the ids of its people and groups are its own. */
export const defaultProviderId = 'default'
/** The provider that the gateway's own accounts are. */
export const localProviderId = 'local'

/**
 * Which user ids the people of each provider have. Every provider numbers its people by itself, so that
 * two of them may well say `1`: those of the default one keep what it says, as on a gateway that has no
 * other, and those of any other have its id before it, `partner/1`. No two people share one: a default
 * provider that says `partner/1` itself is understood as `default/partner/1`. Names of groups go the same way: at
 * GitHub and GitLab anybody may make an organization `partner` with a team `admins`.
 */
export interface UserIds {
  /** The user id of whoever a provider knows by this `sub`. */
  userIdOf(provider: string, subject: string): string
  /** The way back; undefined for an id that this provider gives nobody. */
  subjectOf(provider: string, userId: string): string | undefined
  /** The name here of a group that a provider calls so. */
  groupOf(provider: string, group: string): string
}

/** `providers` are the ids of all there are; none has a `/` in it. */
export function createUserIds(providers: readonly string[]): UserIds {
  const hasOthers = providers.some((id) => id !== defaultProviderId)
  const taken = hasOthers ? [...providers, defaultProviderId].map((id) => `${id}/`) : []
  const isTaken = (id: string): boolean => taken.some((prefix) => id.startsWith(prefix))
  const without = (prefix: string, id: string): string | undefined =>
    id.startsWith(prefix) && id.length > prefix.length ? id.slice(prefix.length) : undefined
  const nameOf = (provider: string, said: string): string =>
    provider === defaultProviderId && !isTaken(said) ? said : `${provider}/${said}`
  return {
    userIdOf: nameOf,
    groupOf: nameOf,
    subjectOf(provider, userId) {
      if (provider !== defaultProviderId) return without(`${provider}/`, userId)
      if (!isTaken(userId)) return userId
      const subject = without(`${defaultProviderId}/`, userId)
      return subject !== undefined && isTaken(subject) ? subject : undefined
    },
  }
}
