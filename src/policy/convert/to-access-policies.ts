import { parseHost } from '../../address.ts'
import { isObject } from '../place.ts'
import { foldCase } from '../matchers/string.ts'
import type { PolicyProblem } from '../policy.ts'
import { maxAlternatives, type Converted } from './converted.ts'
import { isAboutPeople, negated, selectorsOf, termOfCriterion, type Term } from './terms.ts'

type Path = PolicyProblem['path']
type Side = 'allow' | 'deny'

/** Terms of which all must hold. */
interface Conjunction {
  readonly path: Path
  /** Whether it stands under `not` or `nor`: somebody who is not signed in is then asked to, whatever else lets them in. */
  readonly isTurned: boolean
  readonly terms: readonly Term[]
}

/**
 * A policy of the policy language, without a fault, in Cloudflare's words: the same people and service accounts are
 * let in, and kept out beside other policies too. What these words cannot say is named at its place, from the key `policy` on.
 */
export function toAccessPolicies(document: unknown): Converted {
  const problems: PolicyProblem[] = []
  const conjunctions = { allow: [] as Conjunction[], deny: [] as Conjunction[] }
  const rules = Array.isArray(document) ? [...document.entries()] : [[undefined, document] as const]
  for (const [index, rule] of rules) {
    const path = ['policy', ...(index === undefined ? [] : [index])]
    for (const side of ['allow', 'deny'] as const)
      conjunctions[side].push(...readSide(rule, side, path, problems))
  }
  const { allow, deny } = conjunctions
  const possible = allow.filter(isPossible)
  problems.push(...keptOutBesides(deny, possible), ...askedBesides(allow, possible))
  const all = [...possible, ...deny].filter((it) => alternativesOf(it) > maxAlternatives)
  problems.push(...all.map(({ path }) => ({ path, message: tooMany })))
  if (problems.length > 0) return { problems }
  const policies = [
    ...possible.flatMap(firstPolicies),
    ...merged('block', deny.filter(isPossible)),
    ...merged('allow', possible.filter(isForPeople)),
  ]
  return { document: policies }
}

function readSide(
  rule: unknown,
  side: Side,
  path: Path,
  problems: PolicyProblem[],
): readonly Conjunction[] {
  const body: unknown = isObject(rule) ? rule[side] : undefined
  return Object.entries(isObject(body) ? body : {}).flatMap(([operator, list]) => {
    const at = [...path, side, operator]
    const criteria = (Array.isArray(list) ? list : []).map((criterion, index) =>
      readCriterion(criterion, [...at, index], problems),
    )
    if (!criteria.every((term) => term !== undefined) || criteria.length === 0) return []
    const isTurned = operator === 'not' || operator === 'nor'
    const terms = isTurned ? criteria.map(negated) : criteria
    const isAll = operator === 'and' || operator === 'not'
    const all = isAll ? [terms] : terms.map((term) => [term])
    return all.map((some) => ({ path: at, isTurned, terms: some }))
  })
}

function readCriterion(
  criterion: unknown,
  path: Path,
  problems: PolicyProblem[],
): Term | undefined {
  const [key = '', data] = Object.entries(isObject(criterion) ? criterion : {})[0] ?? []
  const term = termOfCriterion(key, data)
  const fault = term === undefined ? noEqual(key) : faultOf(term)
  if (fault === undefined) return term
  problems.push({ path: [...path, key], ...fault })
  return undefined
}

type Fault = Pick<PolicyProblem, 'message' | 'hint'>

function noEqual(key: string): Fault {
  const [name = key] = key.split('/')
  const known = ['email', 'domain', 'groups'].includes(name)
  if (known) {
    const hint =
      'it has "is", "not", "in", "not_in" for addresses and domains, "has" and "exclude" for groups'
    return { message: `criterion "${key}" has no equal in this view with such a matcher`, hint }
  }
  return { message: `criterion "${key}" has no equal in this view` }
}

/** A domain that is spelt otherwise than it is read would be another one. */
function faultOf({ about, values }: Term): Fault | undefined {
  const isOdd = (value: string): boolean =>
    about === 'domain' ? parseHost(value) !== foldCase(value) : !/^[^\s@]+@[^\s@]+$/.test(value)
  const odd = about === 'domain' || about === 'email' ? values.find(isOdd) : undefined
  if (odd === undefined) return undefined
  const what = about === 'domain' ? 'a domain' : 'an email address'
  return { message: `names "${odd}", which this view does not take for ${what}` }
}

function isPossible({ terms }: Conjunction): boolean {
  return !terms.some(
    ({ about, isPositive }) => !isPositive && (about === 'everyone' || about === 'signed-in'),
  )
}

/** Whether only people satisfy it: something is asked of their address or groups, or not to be of it. */
function isForPeople({ terms }: Conjunction): boolean {
  return terms.some((term) => isAboutPeople(term) || term.about === 'signed-in')
}

/**
 * A `block` holds for people, and only where no policy with action `bypass` or `service_auth` lets somebody in first.
 * Other policies of a route may let in service accounts, or everybody: what keeps those out may not be lost.
 */
function keptOutBesides(
  deny: readonly Conjunction[],
  allow: readonly Conjunction[],
): readonly PolicyProblem[] {
  const isPublic = allow.some((it) => !isForPeople(it))
  const letsAccountsIn = allow.some(isForAccounts)
  const message = (action: string): string =>
    `keeps out those too whom a policy with action "${action}" would let in, which is asked before every "block"`
  return deny.flatMap((conjunction) => {
    const { path, terms } = conjunction
    const holds = isPossible(conjunction)
    // What is asked about a person under `deny` sends whoever is not signed in to the sign-in, whether or not it holds.
    if (isPublic && (holds || isForPeople(conjunction)))
      return [{ path, message: message('bypass') }]
    const isForPeopleOnly = terms.some((term) => isAboutPeople(term) && term.isPositive)
    if (!holds) return isForPeople(conjunction) ? [{ path, message: asksOnly }] : []
    // The policy language asks who somebody is before it looks at their network, a "block" the other way round.
    if (isForPeopleOnly)
      return terms.some(({ about }) => about === 'ip') ? [{ path, message: asksElsewhere }] : []
    return [{ path, message: letsAccountsIn ? message('service_auth') : forAccounts }]
  })
}

const asksOnly =
  'keeps out nobody but who is not signed in, which no policy of this view does by itself'
const asksElsewhere =
  'asks whoever is not signed in to sign in, wherever they come from; a policy with action "block" asks only those who come from its networks'
const forAccounts =
  'keeps out service accounts too, and a policy with action "block" is about people only'

/** Where a rule lets in everybody, and another one asks whoever is not signed in to do so. */
function askedBesides(
  allow: readonly Conjunction[],
  possible: readonly Conjunction[],
): readonly PolicyProblem[] {
  if (possible.every(isForPeople)) return []
  const message =
    'sends whoever is not signed in to the sign-in, whom a policy with action "bypass" would let in'
  return allow.filter((it) => it.isTurned && isForPeople(it)).map(({ path }) => ({ path, message }))
}

/** What lets service accounts in: to be signed in, and nothing that they do not have. */
function isForAccounts(conjunction: Conjunction): boolean {
  const { terms } = conjunction
  return terms.some(({ about }) => about === 'signed-in') && !terms.some(isAboutPeople)
}

/** Those that are asked first: for everybody, or for service accounts. */
function firstPolicies(conjunction: Conjunction): readonly object[] {
  if (!isForPeople(conjunction)) return policiesOf('bypass', conjunction)
  if (!isForAccounts(conjunction)) return []
  const anyAccount: Term = { about: 'any-account', values: [], isPositive: true }
  const terms = conjunction.terms.filter(({ about }) => about !== 'signed-in')
  return policiesOf('service_auth', { ...conjunction, terms: [anyAccount, ...terms] })
}

const tooMany = `is more than ${maxAlternatives} policies in this view, one for each combination of its values`

/** Policies that a conjunction becomes: the values of its longest term stay together. */
function alternativesOf({ terms }: Conjunction): number {
  const counts = terms
    .filter(({ isPositive }) => isPositive)
    .map(({ values }) => values.length || 1)
  return counts.reduce((product, count) => product * count, 1) / Math.max(1, ...counts)
}

/** Conjunctions of one term each are alternatives of one policy. */
function merged(action: string, conjunctions: readonly Conjunction[]): readonly object[] {
  const isSingle = ({ terms: [term, ...more] }: Conjunction): boolean =>
    term?.isPositive === true && more.length === 0
  const single = conjunctions.filter(isSingle).flatMap(({ terms }) => terms.flatMap(selectorsOf))
  return [
    ...(single.length === 0 ? [] : [{ action, include: single }]),
    ...conjunctions.filter((it) => !isSingle(it)).flatMap((it) => policiesOf(action, it)),
  ]
}

/** One term with alternatives is the `include`; of further ones each combination is a policy. */
function policiesOf(action: string, { terms }: Conjunction): readonly object[] {
  const exclude = terms.filter(({ isPositive }) => !isPositive).flatMap(selectorsOf)
  const holding = terms
    .filter(({ isPositive, about }) => isPositive && about !== 'everyone' && about !== 'signed-in')
    .map(selectorsOf)
    .toSorted((one, other) => other.length - one.length)
  const [include = [{ everyone: true }], ...others] = holding
  return combinations(others).map((require) => ({
    action,
    include,
    ...(require.length === 0 ? {} : { require }),
    ...(exclude.length === 0 ? {} : { exclude }),
  }))
}

function combinations(lists: readonly (readonly object[])[]): readonly (readonly object[])[] {
  return lists.reduce<readonly (readonly object[])[]>(
    (done, list) => done.flatMap((some) => list.map((one) => [...some, one])),
    [[]],
  )
}
