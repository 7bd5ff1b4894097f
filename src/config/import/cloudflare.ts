import { parseDuration } from '../../clock.ts'
import { isObject } from '../../policy/place.ts'
import { parseApplication } from '../../routes/parse-application.ts'
import { formatPath } from '../../yaml-text.ts'
import { isOn, meaninglessApplicationKeys } from './cloudflare-keys.ts'
import { importPolicy, type RuleGroups } from './cloudflare-policy.ts'

type Plain = Readonly<Record<string, unknown>>

/** What was left out, or written so that it does not load: somebody has to decide about it. */
export interface LeftOver {
  /** The host name, or the name of an application that is left out. */
  readonly application: string
  /** The name of the policy; undefined where the application itself is meant. */
  readonly policy: string | undefined
  /** Within the entry of `access`; undefined where there is none. */
  readonly path: string | undefined
  readonly message: string
}

export interface ImportedAccess {
  /** Entries of `access`. */
  readonly applications: readonly Plain[]
  readonly leftOver: readonly LeftOver[]
  /** The shortest life of a sign-in that they ask for, as it is written: no longer one of the gateway loads. */
  readonly shortestSession: string | undefined
}

/** Types of applications that lead to a TCP service, by Cloudflare's words for them. */
const tcpTypes: readonly unknown[] = [undefined, 'self_hosted', 'ssh', 'vnc', 'rdp']

/**
 * Turns what Cloudflare's API tells of Access applications into entries of `access`: the answer to a list of
 * applications, one application, or `{applications, policies, groups}` with the answers to each list. Never looser:
 * what has no equal is kept where it stands, and does not load.
 *
 * @throws TypeError for what is none of these
 */
export function importCloudflare(document: unknown): ImportedAccess {
  const { applications, policies, groups } = listsIn(document)
  const reusable = byId(policies)
  const known: RuleGroups = byId(groups)
  const entries: Plain[] = []
  const leftOver: LeftOver[] = []
  for (const application of applications) {
    const left = whyLeftOut(application)
    leftOver.push(...privateOf(application))
    if (left !== undefined) leftOver.push(left)
    else entries.push(...entriesOf(application, reusable, known))
  }
  const taken = new Set<unknown>()
  for (const entry of entries) {
    leftOver.push(...faultsOf(entry))
    if (taken.has(entry['hostname'])) leftOver.push(twice(entry))
    taken.add(entry['hostname'])
  }
  return { applications: entries, leftOver, shortestSession: shortestIn(entries) }
}

function shortestIn(entries: readonly Plain[]): string | undefined {
  const policies = entries.flatMap((entry) => entry['policies'] as readonly unknown[])
  const asking = policies.filter((policy) => isObject(policy) && policy['action'] === 'allow')
  return [...entries, ...asking]
    .map((one) => (isObject(one) ? one['session_duration'] : undefined))
    .filter((written) => typeof written === 'string')
    .toSorted((one, other) => (parseDuration(one) ?? 0) - (parseDuration(other) ?? 0))[0]
}

interface Lists {
  readonly applications: readonly unknown[]
  readonly policies: readonly unknown[]
  readonly groups: readonly unknown[]
}

function listsIn(document: unknown): Lists {
  const whole = resultOf(document)
  if (Array.isArray(whole)) return { applications: whole, policies: [], groups: [] }
  if (!isObject(whole)) throw new TypeError('neither a list of applications nor an application')
  if (whole['domain'] !== undefined || whole['destinations'] !== undefined) {
    return { applications: [whole], policies: [], groups: [] }
  }
  const list = (key: string): readonly unknown[] => {
    const found = resultOf(whole[key])
    return Array.isArray(found) ? (found as readonly unknown[]) : []
  }
  if (!Array.isArray(resultOf(whole['applications']))) {
    throw new TypeError('there is no list of applications in it')
  }
  return { applications: list('applications'), policies: list('policies'), groups: list('groups') }
}

/** The API answers `{"success": true, "result": …}`. */
function resultOf(answer: unknown): unknown {
  return isObject(answer) && 'result' in answer ? answer['result'] : answer
}

function byId(list: readonly unknown[]): ReadonlyMap<string, Plain> {
  const known = list.filter((item) => isObject(item))
  return new Map(known.map((item) => [String(item['id']), item]))
}

function whyLeftOut(application: unknown): LeftOver | undefined {
  if (!isObject(application)) return leftOut('?', 'it is no application')
  const { name, type, domain } = application
  const called = typeof name === 'string' ? name : typeof domain === 'string' ? domain : '?'
  if (!tcpTypes.includes(type)) {
    return leftOut(
      called,
      `is left out: an application of type "${String(type)}" is no TCP service`,
    )
  }
  return hostnamesOf(application).length === 0
    ? leftOut(called, 'is left out: it has no public host name')
    : undefined
}

/** Addresses and names of a private network, which a client of Cloudflare's on the machine leads to. */
function privateOf(application: unknown): readonly LeftOver[] {
  const destinations = isObject(application) ? application['destinations'] : undefined
  if (!isObject(application) || !Array.isArray(destinations)) return []
  const others = destinations.filter((one: unknown) => !isObject(one) || isOther(one))
  const name = typeof application['name'] === 'string' ? application['name'] : '?'
  return others.map((one) =>
    leftOut(name, `has a destination that is left out: ${JSON.stringify(one)}`),
  )
}

function isOther({ type, uri }: Plain): boolean {
  return type === 'private' || typeof uri !== 'string'
}

function leftOut(application: string, message: string): LeftOver {
  return { application, policy: undefined, path: undefined, message }
}

/** Newer answers have `destinations`, older ones `self_hosted_domains`, the oldest `domain` alone. */
function hostnamesOf({ destinations, self_hosted_domains, domain }: Plain): readonly string[] {
  const uris = Array.isArray(destinations)
    ? destinations.map((one: unknown) => (isObject(one) ? one['uri'] : undefined))
    : []
  const all = [...uris, ...(Array.isArray(self_hosted_domains) ? self_hosted_domains : []), domain]
  const texts = all.filter((text): text is string => typeof text === 'string' && text !== '')
  return [...new Set(texts.map((text) => text.replace(/\/$/, '')))]
}

const readElsewhere: readonly string[] = [
  'destinations',
  'self_hosted_domains',
  'domain',
  'name',
  'policies',
  'type',
]

function entriesOf(
  application: unknown,
  reusable: ReadonlyMap<string, Plain>,
  groups: RuleGroups,
): readonly Plain[] {
  if (!isObject(application)) return []
  const { name, policies } = application
  const rest = Object.entries(application).filter(
    ([key, value]) =>
      !meaninglessApplicationKeys.has(key) && !readElsewhere.includes(key) && isOn(value),
  )
  const list = Array.isArray(policies) ? policies : []
  const written = inOrder(list.map((policy: unknown) => wholePolicy(policy, reusable)))
  return hostnamesOf(application).map((hostname) => ({
    hostname,
    ...(isOn(name) ? { name } : {}),
    ...Object.fromEntries(rest),
    policies: written.map((policy) => importPolicy(policy, groups)),
  }))
}

/** A reusable policy may stand in its application by its id alone. */
function wholePolicy(policy: unknown, reusable: ReadonlyMap<string, Plain>): unknown {
  const id = isObject(policy) ? policy['id'] : policy
  const known = typeof id === 'string' ? reusable.get(id) : undefined
  if (!isObject(policy)) return known ?? { name: String(policy) }
  return known === undefined ? policy : { ...known, ...policy }
}

function inOrder(policies: readonly unknown[]): readonly unknown[] {
  const placeOf = (policy: unknown): number => {
    const precedence = isObject(policy) ? policy['precedence'] : undefined
    return typeof precedence === 'number' ? precedence : Infinity
  }
  return policies.toSorted((a, b) => {
    const [first, second] = [placeOf(a), placeOf(b)]
    return first === second ? 0 : first - second
  })
}

/** What the gateway itself will say of an entry, and what it can load and nobody will meet. */
function faultsOf(entry: Plain): readonly LeftOver[] {
  const application = String(entry['hostname'])
  const at = (path: readonly (string | number)[], message: string): LeftOver => {
    const policy = path[0] === 'policies' ? policyAt(entry, path[1]) : undefined
    return { application, policy, path: formatPath(path), message }
  }
  const { faults } = parseApplication(entry, { clientCertificates: 'none' })
  const ids = idsIn(entry['policies'], ['policies']).map(({ path, id, name }) =>
    at(path, `nobody has it until this gateway knows a ${nouns[name]} "${id}"`),
  )
  const known = new Set(faults.map(({ path }) => formatPath(path)))
  return [
    ...faults.map(({ path, message }) => at(path, message)),
    ...ids.filter(({ path }) => path !== undefined && !known.has(path)),
  ]
}

const nouns = { group: 'group', service_token: 'service account' } as const

interface KnownById {
  readonly path: readonly (string | number)[]
  readonly id: string
  readonly name: keyof typeof nouns
}

/** Selectors that name what only Cloudflare knows. */
function idsIn(value: unknown, path: readonly (string | number)[]): readonly KnownById[] {
  if (Array.isArray(value)) {
    return value.flatMap((item: unknown, index) => idsIn(item, [...path, index]))
  }
  if (!isObject(value)) return []
  return Object.entries(value).flatMap(([key, data]): readonly KnownById[] => {
    if ((key !== 'group' && key !== 'service_token') || !isObject(data)) {
      return idsIn(data, [...path, key])
    }
    return [{ path: [...path, key], name: key, id: String(data['id'] ?? data['token_id']) }]
  })
}

function policyAt({ policies }: Plain, index: string | number | undefined): string | undefined {
  const policy: unknown = Array.isArray(policies) ? policies[Number(index)] : undefined
  const name = isObject(policy) ? policy['name'] : undefined
  if (typeof name === 'string') return name
  return index === undefined ? undefined : `#${Number(index) + 1}`
}

function twice({ hostname }: Plain): LeftOver {
  const message = 'is there twice, and only one application can have a host name'
  return { application: String(hostname), policy: undefined, path: 'hostname', message }
}
