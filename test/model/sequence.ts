import type { Ended } from '../../src/telemetry/ended.ts'
import type { Store } from '../../src/store/store.ts'
import {
  happenings,
  harmless,
  passing,
  type Happening,
  type Kind,
  type Passing,
} from './changes.ts'
import type { Facts, OpenTunnel } from './facts.ts'
import { createRandom, type Random } from './random.ts'
import { causesAgainst, endOf, judge } from './reference.ts'
import {
  drawPlace,
  drawPolicy,
  drawRouteRules,
  makePeople,
  makeRoutes,
  reload,
  settle,
  writePolicy,
  writeStoredRoute,
  type Rig,
} from './rig.ts'
import { tickMs } from './rules.ts'
import type { Tally } from './tally.ts'
import { waitAfter } from './world/provider.ts'
import { openMemoryStore } from './world/memory-store.ts'
import { openWorld, type World } from './world/world.ts'
import { refreshMs, startMs } from './world/limits.ts'

/** One thing that happens, and the seed of whatever is drawn for it. */
export interface Step {
  readonly kind: Kind
  readonly seed: number
}

/** What happens one after the other in a world that begins as its seed says. */
export interface Sequence {
  readonly seed: number
  readonly steps: readonly Step[]
}

/** Runs one sequence on a gateway of its own; rejects with what was wrong. */
export async function runSequence({ seed, steps }: Sequence, tally: Tally): Promise<void> {
  const store = await openMemoryStore()
  try {
    await using world = await openWorld({ store })
    const rig = await openRig(world, seed, tally)
    for (const [index, step] of steps.entries()) {
      try {
        await take(rig, step, tally)
      } catch (error) {
        throw new Error(`step ${index}, ${step.kind} (seed ${step.seed}): ${String(error)}`, {
          cause: error,
        })
      }
    }
  } finally {
    await close(store)
  }
}

/** What was begun by a timer of the last step may still ask it. */
async function close(store: Store): Promise<void> {
  await new Promise(setImmediate)
  await store.close()
}

async function openRig(world: World, seed: number, tally: Tally): Promise<Rig> {
  const random = createRandom(seed)
  const facts: Facts = {
    nowMs: startMs,
    people: makePeople(),
    sessions: [],
    routes: makeRoutes(),
    policy: [],
    directory: undefined,
    company: { isOn: true, users: [], groups: [] },
    trust: 'all',
    accesses: [],
    namedTunnels: [
      { name: 'near', id: undefined },
      { name: 'far', id: undefined },
    ],
    open: [],
    said: world.provider.said,
    tried: world.provider.tried,
  }
  const rig: Rig = { world, facts, links: new Map() }
  facts.policy = drawPolicy(random, facts)
  await writePolicy(rig)
  for (const route of facts.routes) {
    route.isThere = random.isIn(80)
    if (random.isIn(60)) route.rules = drawRouteRules(random, facts, route)
    const place = drawPlace(random)
    if (random.isIn(50) && !(route.isStored && place.kind === 'next-gateway')) route.place = place
    if (route.isStored && route.isThere) await writeStoredRoute(rig, route)
  }
  await reload(rig)
  await settle(world)
  for (const kind of beforehand) {
    await happenings[kind][1](rig, random)
    // Some of it opens tunnels, and cuts them: what comes next may let in again whom they were of.
    await look(rig, random, tally)
  }
  return rig
}

const beforehand = [
  ...Array<'somebody signs in'>(5).fill('somebody signs in'),
  'a service account changes',
  'a service account changes',
  ...Array<'provisioned users change'>(3).fill('provisioned users change'),
  ...Array<'provisioned groups change'>(2).fill('provisioned groups change'),
  ...Array<'a connector comes'>(4).fill('a connector comes'),
] as const

async function take(rig: Rig, { kind, seed }: Step, tally: Tally): Promise<void> {
  async function happen(): Promise<readonly [boolean, number]> {
    const [, act, thenTicks = 0] = happenings[kind as Happening]
    const isDone = await act(rig, random)
    await look(rig, random, tally)
    return [isDone, isDone ? thenTicks : 0]
  }
  const random = createRandom(seed)
  const count = tally.kinds.get(kind) ?? { done: 0, cut: 0, left: 0 }
  tally.kinds.set(kind, count)
  const before = rig.facts.open.length
  const endedBefore = endedIn(tally)
  const [isDone, ticks] =
    kind in passing ? [true, passing[kind as Passing][1](random)] : await happen()
  for (let tick = 0; tick < ticks; tick += 1) {
    rig.world.clock.advance(tickMs)
    rig.facts.nowMs += tickMs
    await look(rig, random, tally)
  }
  const after = rig.facts.open.length
  if (!isDone) return
  count.done += 1
  if (after > before) tally.opened += after - before
  // What asks for tunnels may have the provider asked about somebody: those that end by its answer are not ended by this.
  const cut = kind in harmless ? before - after : endedIn(tally) - endedBefore
  if (cut <= 0) return
  count.cut += cut
  count.left += after
}

const endedIn = ({ causes }: Tally): number => [...causes.values()].reduce((sum, n) => sum + n, 0)

/** Compares what is open with what the reference allows, and has every tunnel carry bytes. */
async function look(rig: Rig, random: Random, tally: Tally): Promise<void> {
  const { world, facts } = rig
  await settle(world)
  checkClaims(facts)
  const [hasty] = world.provider.hasty
  if (hasty !== undefined) throw new Error(`the provider was asked too soon about ${hasty}`)
  const live = new Map(
    world.parts.liveTunnels.open().map((entry) => [entry.grant.request.requestId, entry]),
  )
  const stay: OpenTunnel[] = []
  for (const tunnel of facts.open) {
    if (tunnel.session) tunnel.session.usedUntilMs = facts.nowMs
    const causes = causesAgainst(facts, tunnel)
    const entry = live.get(tunnel.attempt.id)
    live.delete(tunnel.attempt.id)
    if (causes.length === 0) {
      if (entry !== tunnel.entry)
        throw new Error(
          `${name(tunnel)} is not open, and is allowed: it ended by ${tunnel.attempt.ended}`,
        )
      stay.push(tunnel)
      continue
    }
    if (entry !== undefined)
      throw new Error(`${name(tunnel)} is open, and is to end: ${causes.join()}`)
    await checkEnd(tunnel, causes, tally)
  }
  const [stranger] = live.keys()
  if (stranger !== undefined)
    throw new Error(`tunnel ${stranger} is open, and nobody has opened it`)
  await carry(
    random.isIn(20) ? stay : random.some(stay, Math.min(100, (100 * usuallyCarried) / stay.length)),
    { random, tally, nowMs: facts.nowMs },
  )
  for (const tunnel of stay) {
    const { access, route } = judge(facts, tunnel)
    tunnel.accessId = access?.id
    if (route !== undefined && route.idleMs !== tunnel.idleMs)
      Object.assign(tunnel, { idleMs: route.idleMs, silentSinceMs: facts.nowMs })
    if (tunnel.session && endOf(facts, tunnel.session).length > 0) tunnel.session = undefined
  }
  facts.open = stay
  const [error] = world.errors
  if (error !== undefined) throw new Error(`the gateway logs an error: ${error}`)
}

function name({ attempt, host, session }: OpenTunnel): string {
  return `tunnel ${attempt.id} of ${session?.userId ?? 'nobody'} to ${host}`
}

/** Whoever has a session was asked about in time. */
function checkClaims(facts: Facts): void {
  for (const session of facts.sessions) {
    if (session.person === undefined || endOf(facts, session).length > 0) continue
    const { atMs } = facts.said(session.signIn)
    const { atMs: triedAtMs, failures } = facts.tried(session.signIn)
    if (failures > 0) {
      if (facts.nowMs - triedAtMs > waitAfter(failures) + sweepMs)
        throw new Error(`the provider, which failed, was not asked again about ${session.userId}`)
    } else if (facts.nowMs - atMs > refreshMs)
      throw new Error(
        `the provider was not asked about ${session.userId} for ${facts.nowMs - atMs} ms`,
      )
  }
}

/** Within which whatever is due is looked for, in milliseconds. */
const sweepMs = 5_000

async function checkEnd(tunnel: OpenTunnel, causes: readonly Ended[], tally: Tally): Promise<void> {
  const { attempt } = tunnel
  await attempt.over
  const { ended } = attempt
  if (ended === undefined || !causes.includes(ended))
    throw new Error(`${name(tunnel)} ended by ${ended}, and is to end by ${causes.join(' or ')}`)
  tally.causes.set(ended, (tally.causes.get(ended) ?? 0) + 1)
  await checkSilence(tunnel)
}

/** What either side says after the end comes out nowhere. */
async function checkSilence(tunnel: OpenTunnel): Promise<void> {
  const { client, service } = tunnel.attempt.ends ?? {}
  if (client === undefined || service === undefined) throw new Error('it was never open')
  const before = [client.size(), service.size()]
  client.say('too late')
  service.say('too late')
  for (let turns = 0; turns < 3; turns += 1) await new Promise(setImmediate)
  const after = [client.size(), service.size()]
  if (before.join() !== after.join())
    throw new Error(`bytes passed through ${name(tunnel)} after its end`)
}

/** Tunnels that carry bytes after each step, of many that are open: sometimes it is all. */
const usuallyCarried = 10

/** Each says something else, and hears what it is to hear and nothing more. */
async function carry(
  tunnels: readonly OpenTunnel[],
  { random, tally, nowMs }: { random: Random; tally: Tally; nowMs: number },
): Promise<void> {
  const lines = tunnels.map((tunnel) => {
    const { client, service } = tunnel.attempt.ends ?? {}
    if (client === undefined || service === undefined) throw new Error('it was never open')
    const up = `up ${tunnel.attempt.id} ${random.below(1e9)}.`
    const down = `down ${tunnel.attempt.id} ${random.below(1e9)}.`
    const sizes = { up: service.size() + up.length, down: client.size() + down.length }
    client.say(up)
    service.say(down)
    tunnel.silentSinceMs = nowMs
    tally.bytes += up.length + down.length
    return { tunnel, client, service, up, down, sizes }
  })
  const hasAll = ({ client, service, sizes }: (typeof lines)[0]): boolean =>
    service.size() >= sizes.up && client.size() >= sizes.down
  for (let turns = 0; turns < maxCarryTurns && !lines.every(hasAll); turns += 1)
    await new Promise(setImmediate)
  for (const { tunnel, client, service, up, down } of lines) {
    const heard = [service.take(), client.take()]
    if (heard[0] !== up || heard[1] !== down)
      throw new Error(
        `${name(tunnel)} carried ${JSON.stringify(heard)} in the place of ${up} ${down}`,
      )
  }
}

const maxCarryTurns = 50
