// What the file, the store and the files beside it say.
import type { Trust } from '../certificates.ts'
import type { Facts, Route } from '../facts.ts'
import type { Random } from '../random.ts'
import { judge } from '../reference.ts'
import {
  type Rig,
  drawPlace,
  drawPolicy,
  drawRouteRules,
  fileGroups,
  reload,
  writePolicy,
  writeStoredRoute,
} from '../rig.ts'
import { tickMs } from '../rules.ts'
import { restOn } from './resting.ts'

const fileRoutes = ({ facts }: Rig): readonly Route[] => facts.routes.filter((it) => !it.isStored)

function editRoute(rig: Rig, route: Route, random: Random): void {
  const { facts } = rig
  if (!route.isThere || random.isIn(12)) route.isThere = !route.isThere
  if (random.isIn(60)) route.rules = drawRouteRules(random, facts, route)
  if (random.isIn(25)) route.place = drawPlaceOf(route, random)
  if (random.isIn(20)) route.lifeMs = random.isIn(50) ? 0 : (4 + random.below(30)) * tickMs
  if (random.isIn(20)) route.idleMs = random.isIn(50) ? 0 : (2 + random.below(6)) * tickMs
  if (random.isIn(15)) route.isUnderPolicy = route.isStored && !route.isUnderPolicy
}

/** A stored route leads to no gateway on this machine. */
function drawPlaceOf({ isStored }: Route, random: Random): Route['place'] {
  const place = drawPlace(random)
  return isStored && place.kind === 'next-gateway' ? { kind: 'direct', host: '10.0.0.2' } : place
}

export async function editFile(rig: Rig, random: Random): Promise<boolean> {
  const routes = fileRoutes(rig)
  const some = random.some(routes, 30)
  for (const route of some.length > 0 ? some : [random.pick(routes)]) editRoute(rig, route, random)
  await reload(rig)
  return true
}

/** Of a route that somebody has a tunnel of: the tunnel has the new limit as well. */
export async function editIdleLimit(rig: Rig, random: Random): Promise<boolean> {
  const { facts } = rig
  const used = new Set(facts.open.map((tunnel) => judge(facts, tunnel).route))
  const routes = fileRoutes(rig).filter((route) => used.has(route))
  if (routes.length === 0) return false
  const route = random.pick(routes)
  route.idleMs = random.isIn(20) ? 0 : (2 + random.below(4)) * tickMs
  await reload(rig)
  return true
}

export async function reloadUnchanged(rig: Rig): Promise<boolean> {
  await reload(rig)
  return true
}

export async function editStored(rig: Rig, random: Random): Promise<boolean> {
  const route = random.pick(rig.facts.routes.filter(({ isStored }) => isStored))
  const wasThere = route.isThere
  editRoute(rig, route, random)
  if (!wasThere && !route.isThere) return false
  await writeStoredRoute(rig, route)
  return true
}

export async function editPolicy(rig: Rig, random: Random): Promise<boolean> {
  rig.facts.policy = drawPolicy(random, rig.facts)
  await writePolicy(rig)
  return true
}

export async function editDirectory(rig: Rig, random: Random): Promise<boolean> {
  const { facts } = rig
  if (random.isIn(40)) await restOn(rig, 'oncall', withoutFile, random)
  const file = facts.people.map(({ email }) => [email, random.some(fileGroups, 40)] as const)
  facts.directory = random.isIn(15) ? undefined : new Map(file)
  if (random.isIn(15)) facts.company.isOn = !facts.company.isOn
  await reload(rig)
  return true
}

const withoutFile = (facts: Facts): Facts => ({ ...facts, directory: undefined })

export async function editTrust(rig: Rig, random: Random): Promise<boolean> {
  rig.facts.trust = random.pick<Trust>(['nobody', 'all', 'all', 'revoking', 'revoking'])
  await reload(rig)
  return true
}
