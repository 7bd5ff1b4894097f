/** Somebody who can sign in here. */
export interface DevIdpPerson {
  /** The `sub` claim: stays the same whatever else changes. */
  readonly id: string
  readonly email: string
  /** True when absent. */
  readonly emailVerified?: boolean
  readonly name: string
  readonly groups: readonly string[]
  /** Asked for when there is one; the page then has a form instead of a list of people. */
  readonly password?: string
  /** Further claims, given with the `profile` scope. */
  readonly claims?: Readonly<Record<string, unknown>>
}

/** The people of one provider; what is changed here shows in the next token or userinfo. */
export interface People {
  list(): readonly DevIdpPerson[]
  byId(id: string): DevIdpPerson | undefined
  /** By email, without case, or by id. */
  find(emailOrId: string): DevIdpPerson | undefined
  /** Changes somebody's claims; throws a RangeError when nobody has this id or email. */
  change(emailOrId: string, change: Partial<Omit<DevIdpPerson, 'id'>>): void
  remove(emailOrId: string): void
}

export function createPeople(initial: readonly DevIdpPerson[]): People {
  const byId = new Map(initial.map((person) => [person.id, person]))
  const find = (emailOrId: string): DevIdpPerson | undefined =>
    byId.get(emailOrId) ??
    [...byId.values()].find(({ email }) => email.toLowerCase() === emailOrId.toLowerCase())
  return {
    list: () => [...byId.values()],
    byId: (id) => byId.get(id),
    find,
    change(emailOrId, change) {
      const person = find(emailOrId)
      if (!person) throw new RangeError(`no person "${emailOrId}" here`)
      byId.set(person.id, { ...person, ...change })
    },
    remove(emailOrId) {
      const person = find(emailOrId)
      if (person) byId.delete(person.id)
    },
  }
}

/** The claims of a person; the provider gives each out only with the scope that it belongs to. */
export function claimsOf(person: DevIdpPerson, groupsClaim: string): ClaimsOfPerson {
  return {
    ...person.claims,
    sub: person.id,
    email: person.email,
    email_verified: person.emailVerified ?? true,
    name: person.name,
    [groupsClaim]: [...person.groups],
  }
}

export interface ClaimsOfPerson {
  readonly sub: string
  readonly [claim: string]: unknown
}
