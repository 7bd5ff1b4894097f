import { parseHost } from '../../address.ts'
import type { Selector } from '../cloudflare/selectors.ts'
import { isObject } from '../place.ts'

/**
 * A condition that both views can say: some value of somebody is among these. `signed-in` and `everyone` have no
 * values. `account` is a service account by its id, and `any-account` each of them.
 */
export interface Term {
  readonly about:
    | 'email'
    | 'domain'
    | 'group'
    | 'ip'
    | 'everyone'
    | 'signed-in'
    | 'account'
    | 'any-account'
  readonly values: readonly string[]
  /** False: none of the values is theirs. */
  readonly isPositive: boolean
}

/** Whether it holds for people alone: a service account has neither email address nor groups. */
export function isAboutPeople({ about }: Term): boolean {
  return about === 'email' || about === 'domain' || about === 'group'
}

export function negated(term: Term): Term {
  return { ...term, isPositive: !term.isPositive }
}

const aboutBySelector: Readonly<Record<string, Term['about']>> = {
  email: 'email',
  email_domain: 'domain',
  group: 'group',
  ip: 'ip',
  everyone: 'everyone',
  service_token: 'account',
  any_valid_service_token: 'any-account',
}

/** What one selector in the short form says; each there is can be said so. */
export function termOfSelector({ name }: Pick<Selector, 'name'>, data: unknown): Term | undefined {
  const about = aboutBySelector[name]
  if (about === undefined) return undefined
  const text = String(data)
  const value = about === 'domain' ? (parseHost(text.replace(/^@/, '')) ?? text) : text
  return { about, values: typeof data === 'boolean' ? [] : [value], isPositive: true }
}

const selectorByAbout: Readonly<Partial<Record<Term['about'], string>>> = {
  email: 'email',
  domain: 'email_domain',
  group: 'group',
  ip: 'ip',
}

/** The selectors of a term that has values: as alternatives, one for each. */
export function selectorsOf({ about, values }: Term): readonly object[] {
  const name = selectorByAbout[about]
  if (name === undefined)
    return about === 'any-account' ? [{ any_valid_service_token: true }] : [{ everyone: true }]
  return values.map((value) => ({ [name]: value }))
}

const wordsByAbout = {
  email: { name: 'email', holds: 'is', fails: 'not' },
  domain: { name: 'domain', holds: 'is', fails: 'not' },
  group: { name: 'groups', holds: 'has', fails: 'exclude' },
  account: { name: 'user', holds: 'is', fails: undefined },
} as const

/**
 * The criterion that says the same of one value; undefined where the policy language has none by itself: there is
 * no criterion for an address that is not in a network.
 */
export function criterionOf({ about, values, isPositive }: Term): object | undefined {
  const [value] = values
  switch (about) {
    case 'everyone':
      return isPositive ? { accept: true } : { reject: true }
    case 'ip':
      return isPositive ? { source_ip: value } : undefined
    case 'signed-in':
    case 'any-account':
      return undefined
    default: {
      const { name, holds, fails } = wordsByAbout[about]
      const matcher = isPositive ? holds : fails
      return matcher === undefined ? undefined : { [name]: { [matcher]: value } }
    }
  }
}

/** What a criterion of the policy language says, where the other view can say it as well. */
export function termOfCriterion(name: string, data: unknown): Term | undefined {
  if (name === 'accept' || name === 'reject')
    return { about: 'everyone', values: [], isPositive: name === 'accept' }
  if (name === 'authenticated_user') return { about: 'signed-in', values: [], isPositive: true }
  if (name === 'source_ip')
    return { about: 'ip', values: [data].flat().map(String), isPositive: true }
  const about = { email: 'email', domain: 'domain', groups: 'group' }[name]
  return about === undefined ? undefined : termOfMatcher(about as Term['about'], data)
}

const positive: readonly string[] = ['is', 'in']
const negative: readonly string[] = ['not', 'not_in']
const isOfAddress: ReadonlySet<Term['about']> = new Set(['email', 'domain'])

function termOfMatcher(about: Term['about'], data: unknown): Term | undefined {
  const [entry, ...more] = isObject(data)
    ? Object.entries(data)
    : [[about === 'group' ? 'has' : 'is', data] as const]
  if (entry === undefined || more.length > 0) return undefined
  const [operator, operand] = entry
  const values = [operand].flat().map(String)
  const holds = isOfAddress.has(about) ? positive : ['has']
  const fails = isOfAddress.has(about) ? negative : ['exclude']
  if (!holds.includes(operator) && !fails.includes(operator)) return undefined
  return { about, values, isPositive: holds.includes(operator) }
}
