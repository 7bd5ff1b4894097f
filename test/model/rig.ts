import { planWrite } from '../../src/catalog/plan-writes.ts'
import type { GatewayConfig } from '../../src/config/config.ts'
import { createDirectory } from '../../src/access/directory.ts'
import { openRouteAlone } from '../../src/routes/open-route.ts'
import { parseRoute } from '../../src/routes/parse-route.ts'
import type { NewRoute } from '../../src/routes/route.ts'
import { clientCertificates, trusts } from './certificates.ts'
import type { Facts, Person, Place, Route } from './facts.ts'
import type { Random } from './random.ts'
import { drawRules, writeRules, type Rule, type Vocabulary } from './rules.ts'
import { nextGatewayHost } from './world/services.ts'
import type { FakeLink } from './world/services.ts'
import { type World } from './world/world.ts'
import { startMs } from './world/limits.ts'

/** A world and what is true in it. */
export interface Rig {
  readonly world: World
  readonly facts: Facts
  /** Connections of connectors, by the id of their named tunnel. */
  readonly links: Map<string, FakeLink[]>
}

export const ips = ['192.0.2.1', '192.0.2.2'] as const
/** As the provider names them; the file of the directory has one more. */
export const groups = ['admins', 'dba', 'dev'] as const
export const fileGroups = ['admins', 'dba', 'oncall'] as const
export const teams = ['blue', 'red'] as const
export const accountIds = ['backup', 'deploy'] as const
/** Of the file, whose wildcard answers to the first four where they have no route of their own, and of the store. */
export const hosts = [
  ...['a', 'b', 'c', 'd'].map((name) => `${name}.file.example.com`),
  ...['e', 'f'].map((name) => `${name}.stored.example.com`),
]
const wildcard = '*.file.example.com'
/** Only the wildcard answers to it. */
export const otherHost = 'z.file.example.com'
const policyName = 'staff'

export function makePeople(): readonly Person[] {
  return ['ada@corp.example', 'bob@corp.example', 'eve@other.example'].map((email, index) => ({
    userId: `u${index}`,
    email,
    groups: [groups[index] ?? 'dev'],
    team: teams[index % 2] ?? 'blue',
    isVerified: true,
    isRefused: false,
    isBlocked: false,
    signedOutAtMs: 0,
  }))
}

export function vocabularyOf({ people }: Pick<Facts, 'people'>, random: Random): Vocabulary {
  return {
    userIds: [...people.map(({ userId }) => userId), ...accountIds],
    emails: people.map(({ email }) => email),
    domains: ['corp.example', 'other.example'],
    groups: [...groups, 'oncall', 'oncall'],
    teams,
    ips,
    fingerprint: random.pick(clientCertificates).fingerprint,
  }
}

export function drawPlace(random: Random): Place {
  return random.pick<Place>([
    { kind: 'direct', host: '10.0.0.1' },
    { kind: 'direct', host: '10.0.0.2' },
    { kind: 'next-gateway', port: 4001 },
    { kind: 'next-gateway', port: 4002 },
    // Half of all: what becomes of connectors ends tunnels as nothing else does.
    { kind: 'connector', tunnel: 'near' },
    { kind: 'connector', tunnel: 'near' },
    { kind: 'connector', tunnel: 'far' },
    { kind: 'connector', tunnel: 'far' },
  ])
}

/** Rules of a route; one that has access for a while asks nobody for a certificate. */
export function drawRouteRules(
  random: Random,
  facts: Facts,
  { hasBreakGlass }: Pick<Route, 'hasBreakGlass'>,
): readonly Rule[] {
  const rules = drawRules(random, vocabularyOf(facts, random), facts.nowMs)
  return hasBreakGlass ? withoutCertificates(rules) : rules
}

export function drawPolicy(random: Random, facts: Facts): readonly Rule[] {
  return withoutCertificates(drawRules(random, vocabularyOf(facts, random), facts.nowMs))
}

function withoutCertificates(rules: readonly Rule[]): readonly Rule[] {
  return rules.map((rule) => ({
    ...rule,
    tests: rule.tests.map((test) => (test.kind === 'certificate' ? { kind: 'signed-in' } : test)),
  }))
}

export function makeRoutes(): readonly Route[] {
  const route = (host: string, index: number): Route => ({
    id: `route-${index}`,
    host,
    isStored: index === 4 || index === 5,
    place: { kind: 'direct', host: '10.0.0.1' },
    rules: [{ side: 'allow', operator: 'or', tests: [{ kind: 'signed-in' }] }],
    isUnderPolicy: index === 5,
    lifeMs: 0,
    idleMs: 0,
    hasBreakGlass: [0, 1, 4, 5].includes(index),
    isThere: false,
  })
  return [...hosts, wildcard].map(route)
}

/** The keys of a route, as a file or the store has them. */
function writeRoute({
  id,
  host,
  place,
  rules,
  isUnderPolicy,
  lifeMs,
  idleMs,
  hasBreakGlass,
}: Route) {
  return {
    id,
    from: `tcp+https://${host}:22`,
    to: writePlace(place),
    stall_timeout: '0',
    idle_timeout: idleMs === 0 ? '0' : `${idleMs / 1000}s`,
    policy: writeRules(rules),
    ...(isUnderPolicy && { policy_names: [policyName] }),
    ...(lifeMs > 0 && { timeout: `${lifeMs / 1000}s` }),
    ...(hasBreakGlass && { break_glass: [{ allow: { or: [{ authenticated_user: true }] } }] }),
  }
}

function writePlace(place: Place): string {
  if (place.kind === 'direct') return `tcp://${place.host}:22`
  if (place.kind === 'connector') return `connector://${place.tunnel}`
  return `http://${nextGatewayHost}:${place.port}`
}

/** Has the gateway take over a file that says what the facts say. */
export async function reload({ world, facts }: Rig): Promise<void> {
  const config = configOf(world.config, facts, world.parts.routeTable().routes)
  await world.reload(config)
}

function configOf(base: GatewayConfig, facts: Facts, before: readonly NewRoute[]): GatewayConfig {
  const inFile = facts.routes.filter(({ isThere, isStored }) => isThere && !isStored)
  const read = inFile.map((route) => readRoute(route, before))
  const { directory, trust, company } = facts
  return {
    ...base,
    scim: company.isOn ? base.scim : undefined,
    routes: read,
    fileRoutes: read.map(({ id, definition }, index) => ({
      id,
      definition,
      place: `postern.yaml:${index + 1}`,
      isDisabled: false,
    })),
    directory: directory && directoryFrom(directory),
    downstreamMtls: trusts[trust],
  }
}

/** What a reload reads of a file that has not changed is the same object: a fact of `read-worker` that is kept here. */
const directories = new WeakMap<object, ReturnType<typeof createDirectory>>()

function directoryFrom(file: ReadonlyMap<string, readonly string[]>) {
  const known = directories.get(file)
  if (known !== undefined) return known
  const memberships = [...file].flatMap(([member, theirs]) =>
    theirs.map((group) => ({ member, group })),
  )
  const made = createDirectory(memberships)
  directories.set(file, made)
  return made
}

function readRoute(route: Route, before: readonly NewRoute[]): NewRoute {
  const parsed = parseRoute(writeRoute(route), { clientCertificates: 'policy' })
  const known = (id: string): NewRoute | undefined => before.find((it) => it.id === id)
  const opened = openRouteAlone(parsed, { nowMs: startMs, known })
  if (opened.route !== undefined) return opened.route
  throw new Error(
    `the model writes a route with a fault: ${JSON.stringify([parsed.faults, opened.faults])}`,
  )
}

/** Writes a stored route as the facts have it; deletes it where it is not there. */
export async function writeStoredRoute({ world }: Rig, route: Route): Promise<void> {
  const { id } = route
  await world.catalog.change({
    by: 'model',
    note: '',
    plan: (holding) => [
      planWrite(holding, {
        kind: 'route',
        id,
        definition: route.isThere ? writeRoute(route) : null,
      }),
    ],
  })
}

export async function writePolicy({ world, facts }: Rig): Promise<void> {
  await world.catalog.change({
    by: 'model',
    note: '',
    plan: (holding) => [
      planWrite(holding, {
        kind: 'policy',
        id: policyName,
        definition: { name: policyName, policy: writeRules(facts.policy) },
      }),
    ],
  })
}

/**
 * Goes on until nothing is under way: no question to the provider, and nothing that was begun by an answer. The store
 * answers within one turn.
 */
export async function settle({ clock, provider }: World): Promise<void> {
  let quiet = 0
  for (let turns = 0; quiet < quietTurns; turns += 1) {
    if (turns > maxTurns) throw new Error('the world does not come to rest')
    clock.advance(0)
    await new Promise(setImmediate)
    quiet = provider.asked === 0 ? quiet + 1 : 0
  }
}

/** Of the event loop: fifty tunnels are decided again in one, and an answer of the provider is read in a few. */
const quietTurns = 10
const maxTurns = 10_000
