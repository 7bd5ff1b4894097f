import { accessActions } from '../cloudflare/parse.ts'
import { allSelectors, shortForm, type Action } from '../cloudflare/selectors.ts'
import { isObject } from '../place.ts'
import type { PolicyProblem } from '../policy.ts'
import type { Converted } from './converted.ts'
import { criterionOf, isAboutPeople, negated, termOfSelector, type Term } from './terms.ts'

interface ReadPolicy {
  readonly path: PolicyProblem['path']
  readonly action: Action
  readonly include: readonly Term[]
  readonly require: readonly Term[]
  readonly exclude: readonly Term[]
}

/**
 * The policies of an application, in Cloudflare's words and without a fault, in the policy language: the same
 * people and service accounts are let in, and those whom they block are kept out beside other policies too. Somebody who is not signed in may be asked to sign in where Cloudflare's
 * words refuse them at once. Paths of problems lead from the application, such as `['policies', 0]`.
 */
export function toPolicyLanguage(document: unknown): Converted {
  const policies = (Array.isArray(document) ? document : []).map(readPolicy)
  const first = policies.filter(({ action }) => action === 'bypass' || action === 'service_auth')
  const { blocks, allows, problems: inOrder } = reachable(policies)
  const problems: PolicyProblem[] = [...inOrder, ...deniedBesides(blocks, first)]
  const isBypassed = first.some(({ action }) => action === 'bypass')
  const rules = [...blocks, ...first, ...allows].flatMap((policy) =>
    rulesOf(policy, isBypassed, problems),
  )
  return problems.length > 0 ? { problems } : { document: rules }
}

function readPolicy(policy: unknown, index: number): ReadPolicy {
  const given = isObject(policy) ? policy : {}
  const terms = (part: string): readonly Term[] => {
    const list: unknown = given[part]
    return (Array.isArray(list) ? list : []).flatMap(readSelector)
  }
  return {
    path: ['policies', index],
    action: accessActions[String(given['action'])] ?? 'block',
    include: terms('include'),
    require: terms('require'),
    exclude: terms('exclude'),
  }
}

function readSelector(item: unknown): readonly Term[] {
  const [name, data] = Object.entries(isObject(item) ? item : {})[0] ?? []
  const selector = allSelectors.find((known) => known.name === name)
  const given = selector?.idField !== undefined && isObject(data) ? data[selector.idField] : data
  const term = selector && termOfSelector(selector, shortForm(selector, given))
  return term === undefined ? [] : [term]
}

interface Reachable {
  /** Before every `allow`: they win as a `deny` does. */
  readonly blocks: readonly ReadPolicy[]
  readonly allows: readonly ReadPolicy[]
  readonly problems: readonly PolicyProblem[]
}

/** In the policy language a `deny` wins wherever it stands; here whatever stands first does. */
function reachable(policies: readonly ReadPolicy[]): Reachable {
  const people = policies.filter(({ action }) => action === 'allow' || action === 'block')
  const end = people.findIndex(isForEverybody)
  const asked = end === -1 ? people : people.slice(0, end + 1)
  const allows = asked.filter(({ action }) => action === 'allow')
  const [firstAllow] = allows
  const blocks = asked.filter(({ action }) => action === 'block')
  const isFirst = (policy: ReadPolicy): boolean =>
    firstAllow === undefined || asked.indexOf(policy) < asked.indexOf(firstAllow)
  return {
    blocks: blocks.filter(isFirst),
    allows,
    problems: blocks
      .filter((policy) => !isFirst(policy))
      .map((policy) => ({
        path: policy.path,
        message: 'blocks those whom no policy before it allows, and a "deny" keeps them all out',
        hint:
          asked.indexOf(policy) > asked.findLastIndex(({ action }) => action === 'allow')
            ? 'leave it out, unless it is to keep out those whom other policies of a route let in'
            : 'put it before every policy that allows, if that is meant',
      })),
  }
}

function isForEverybody({ include, require, exclude }: ReadPolicy): boolean {
  const isOpen = require.length === 0 && exclude.length === 0
  return isOpen && include.some(({ about }) => about === 'everyone')
}

/** A `deny` would hold for those whom a `bypass` or a `service_auth` lets in, too. */
function deniedBesides(
  blocks: readonly ReadPolicy[],
  first: readonly ReadPolicy[],
): readonly PolicyProblem[] {
  const isBypassed = first.some(({ action }) => action === 'bypass')
  return blocks
    .filter((block) => isBypassed || (first.length > 0 && !isForPeople(block)))
    .map(({ path }) => ({
      path,
      message: `blocks people only, and a "deny" would keep out those too whom a policy with action "${isBypassed ? 'bypass' : 'service_auth'}" lets in`,
    }))
}

function isForPeople({ include, require }: ReadPolicy): boolean {
  return include.every(isAboutPeople) || require.some(isAboutPeople)
}

function rulesOf(
  policy: ReadPolicy,
  isBypassed: boolean,
  problems: PolicyProblem[],
): readonly object[] {
  const side = policy.action === 'block' ? 'deny' : 'allow'
  const bodies = policy.include.map((term, index) => {
    const body = bodyOf([term, ...policy.require], policy)
    // A criterion about a person asks for the sign-in under `not`, also of those whom a bypass lets in.
    const asksAll = isBypassed && policy.action === 'allow' && body?.some((it) => 'not' in it)
    if (body !== undefined && asksAll !== true) return body
    problems.push({
      path: [...policy.path, 'include', index],
      message:
        'has no equal in the policy language together with what the policy requires and excludes',
      ...hintOf([term, ...policy.require, ...policy.exclude]),
    })
    return []
  })
  return joined(bodies.flat()).map((body) => ({ [side]: body }))
}

function hintOf(terms: readonly Term[]): { readonly hint?: string } {
  if (terms.some(({ about }) => about === 'any-account'))
    return {
      hint: 'name each service account: no criterion is for all of them and for nobody else',
    }
  const hint =
    'no criterion is for an address that is not in a network, beside one that is in another'
  return terms.some(({ about }) => about === 'ip') ? { hint } : {}
}

type Body = Readonly<Record<string, readonly object[]>>

/** Bodies of one criterion each are alternatives of one list. */
function joined(bodies: readonly Body[]): readonly Body[] {
  const single = bodies.filter(({ and = [] }) => and.length === 1).flatMap(({ and = [] }) => and)
  const others = bodies.filter(({ and = [] }) => and.length !== 1)
  return single.length === 0 ? others : [{ or: single }, ...others]
}

/** All of `holding`, and none of what the policy excludes: an empty list where that never is. */
function bodyOf(holding: readonly Term[], policy: ReadPolicy): readonly Body[] | undefined {
  const { action } = policy
  const failing = policy.exclude
  if (failing.some(({ about }) => about === 'everyone')) return []
  if (action === 'service_auth') return accountBody(holding, failing)
  const narrow = holding.filter(({ about }) => about !== 'everyone')
  const isMarked = action === 'allow' && ![...narrow, ...failing].some(isAboutPeople)
  if (isMarked) return conjunction(narrow, failing, [anyPerson])
  return conjunction(narrow.length === 0 ? [everybody] : narrow, failing, [])
}

const everybody: Term = { about: 'everyone', values: [], isPositive: true }

/** Each of these, none of those, and what holds besides as an affirmed and as a negated criterion. */
function conjunction(
  holding: readonly Term[],
  failing: readonly Term[],
  besides: readonly { readonly holds: object; readonly fails: object }[],
): readonly Body[] | undefined {
  const and = [...holding, ...failing.map(negated)].map(criterionOf)
  if (and.every((criterion) => criterion !== undefined))
    return [{ and: [...and, ...besides.map(({ holds }) => holds)] }]
  const none = [...holding.map(negated), ...failing].map(criterionOf)
  if (none.every((criterion) => criterion !== undefined))
    return [{ not: [...none, ...besides.map(({ fails }) => fails)] }]
  return undefined
}

/** No id is this one; a criterion about ids that only says who somebody is not is for people alone. */
const anyPerson = {
  holds: { user: { not: '(nobody)' } },
  fails: { user: { is: '(nobody)' } },
}

/** By their ids only: nothing else lets a service account in, and nobody but them. */
function accountBody(
  holding: readonly Term[],
  failing: readonly Term[],
): readonly Body[] | undefined {
  const named = new Set(
    holding.filter(({ about }) => about === 'account').map(({ values: [id] }) => id),
  )
  if (named.size !== 1) return named.size === 0 ? undefined : []
  const isOut = failing.some(
    ({ about, values: [id] }) => about === 'any-account' || (about === 'account' && named.has(id)),
  )
  if (isOut) return []
  const rest = holding.filter(({ about }) => about === 'ip')
  if (failing.some(({ about }) => about === 'ip')) return undefined
  const [id = ''] = named
  const account: Term = { about: 'account', values: [id], isPositive: true }
  return conjunction([account, ...rest], [], [])
}
