import { routeOf, type Facts, type RouteFact, type Who } from './facts.ts'
import { withSession, type Scene } from './scene.ts'
import type { Random } from '../random.ts'

/** What becomes of the facts by a change, and when the gateway has to have acted on it. */
export interface Change {
  /** Once the gateway is told; for coverage. */
  onTold(): void
  /** By this number: nothing that it forbids is open from the end of this step on. */
  atOnce(change: number): void
  /** The same once no decision is under way that it waits for. */
  soon(change: number): void
  /** What the change says of itself that it waits for is over. */
  answered(change: number): void
}

type Happen = (scene: Scene, change: Change) => Promise<void> | void

/** Of most of them somebody is let in. */
const whose: readonly Who[] = [
  'signed-in',
  'signed-in',
  'signed-in',
  'everybody',
  'ada',
  'dba',
  'dba',
  'a-while',
  'a-while',
  'lent',
  'lent',
  'nobody',
]

/** How far time passes in one go, in milliseconds: past what does not last. */
const passingMs = 45_000

/** Each kind of change. */
export const kinds = {
  'a session changes': (scene, change) => changeSession(scene, change),
  'a session ends': (scene, change) => endSession(scene, change, scene.random.pick(sessionIds)),
  'a session is used'(scene, change) {
    change.onTold()
    scene.gateway.told.session(scene.random.pick(sessionIds), 'kept')
  },
  'a route lets others in': (scene, change) =>
    changeRoute(scene, change, (route) => ({ ...route, who: scene.random.pick(whose) })),
  'a route leads elsewhere': (scene, change) =>
    changeRoute(scene, change, (route) => ({ ...route, place: 3 - route.place })),
  'a route is described otherwise': (scene, change) =>
    changeRoute(scene, change, (route) => ({ ...route, edits: route.edits + 1 })),
  'a route is removed': (scene, change) => changeRoute(scene, change, () => undefined),
  'a route is replaced by one of its name': (scene, change) =>
    changeRoute(scene, change, (route) => ({
      ...route,
      id: `${route.id}x`,
      who: scene.random.pick(whose),
      place: scene.random.isIn(30) ? 3 - route.place : route.place,
    })),
  'a route takes a target over'(scene, change) {
    const { random } = scene
    const host = random.pick(hosts)
    const rest = scene.facts().routes.filter((route) => route.host !== host)
    const route = {
      id: `${host}-2`,
      host,
      who: random.pick(whose),
      place: 1 + random.below(2),
      edits: 0,
    }
    return takeRoutes(scene, change, [route, ...rest])
  },
  'the file is read again': (scene, change) => takeRoutes(scene, change, scene.facts().routes),
  'the directory changes'(scene, change) {
    const who = scene.random.pick(people)
    const { directory } = scene.facts()
    const next = people.filter((it) => (it === who) !== directory.includes(it))
    return reload(scene, change, { directory: next })
  },
  async 'a person is blocked'(scene, change) {
    const who = scene.random.pick(people)
    const { blocked } = scene.facts()
    const number = scene.become({ blocked: [...blocked, who] })
    change.onTold()
    change.atOnce(number)
    scene.gateway.told.blocked()
    const theirs = [...scene.facts().sessions.values()].filter(({ userId }) => userId === who)
    for (const { id } of theirs) await endSession(scene, change, id)
  },
  'access is over'(scene, change) {
    const { lent } = scene.facts()
    const number = scene.become({ lent: lent.slice(1) })
    change.onTold()
    change.soon(number)
    scene.gateway.told.access()
  },
  'time passes'(scene, change) {
    const number = scene.become({ nowMs: scene.clock.now() + passingMs })
    change.onTold()
    change.soon(number)
    scene.clock.advance(passingMs)
  },
  'an operator cuts'(scene, change) {
    const those = scene.openings.filter(({ phase }) => phase === 'open')
    for (const opening of those) opening.isCutByOperator = true
    change.onTold()
    scene.gateway.parts.liveTunnels.cut(() => true, 'cut-by-operator')
    if (those.some(({ phase }) => phase === 'open')) throw new Error('an operator has cut in vain')
  },
  'the gateway leaves'(scene, change) {
    const number = scene.become({ isLeaving: true })
    change.onTold()
    change.atOnce(number)
    scene.gateway.parts.liveTunnels.cutAll('shutdown')
  },
} as const satisfies Readonly<Record<string, Happen>>

export type Kind = keyof typeof kinds

export const kindNames = Object.keys(kinds) as readonly Kind[]

/** Sessions change in the store first, and what is read of them may be of before: there is more to meet. */
export const weighted: readonly Kind[] = [
  ...kindNames,
  ...Array<Kind>(3).fill('a session changes'),
  ...Array<Kind>(2).fill('a session ends'),
]

export const sessionIds = ['s0', 's1'] as const
export const people = ['ada', 'bob'] as const
export const hosts = ['a.example.com', 'b.example.com'] as const

/** Facts that an interleaving begins with: of most of what it asks for something is allowed. */
export function drawFacts(random: Random, nowMs: number): Facts {
  const soonMs = nowMs + passingMs - 5_000
  const lateMs = nowMs + 3_600_000
  const untilMs = (): number => (random.isIn(30) ? soonMs : lateMs)
  const route = (id: string, host: string): RouteFact => ({
    id,
    host,
    who: random.pick(whose),
    place: 1,
    edits: 0,
  })
  const narrow = random.isIn(80) ? [route('a', hosts[0])] : []
  const wide = narrow.length === 0 || random.isIn(60) ? [route('w', '*.example.com')] : []
  return {
    nowMs,
    sessions: new Map(
      sessionIds.map((id, index) => {
        const userId = people[index] ?? 'ada'
        return [id, { id, userId, isDba: random.isIn(60), expiresAtMs: untilMs() }]
      }),
    ),
    routes: [...narrow, ...wide],
    directory: random.some(people, 30),
    blocked: [],
    lent: people.flatMap((userId) =>
      ['a', 'w'].map((routeId) => ({
        id: `${userId}-${routeId}`,
        userId,
        routeId,
        untilMs: untilMs(),
      })),
    ),
    isLeaving: false,
  }
}

/** The provider says something else of somebody than it did. */
export async function changeSession(
  scene: Scene,
  change: Change,
  id: string = scene.random.pick(sessionIds),
): Promise<void> {
  const { sessions } = scene.facts()
  const session = sessions.get(id)
  if (session === undefined) return
  const next = withSession(sessions, id, { ...session, isDba: !session.isDba })
  await tell(scene, change, { id, how: 'changed', sessions: next })
}

async function endSession(scene: Scene, change: Change, id: string): Promise<void> {
  const { sessions } = scene.facts()
  if (!sessions.has(id)) return
  const how = scene.random.pick(['session-revoked', 'session-expired', 'provider-logout'] as const)
  await tell(scene, change, { id, how, sessions: withSession(sessions, id, undefined) })
}

interface Telling {
  readonly id: string
  readonly how: Parameters<Scene['gateway']['told']['session']>[1]
  readonly sessions: Facts['sessions']
}

async function tell(scene: Scene, change: Change, { id, how, sessions }: Telling): Promise<void> {
  await scene.write({ sessions }, id, (number) => {
    change.onTold()
    if (how === 'changed') change.soon(number)
    else change.atOnce(number)
    scene.gateway.told.session(id, how)
  })
}

function changeRoute(
  scene: Scene,
  change: Change,
  edit: (route: RouteFact) => RouteFact | undefined,
): Promise<void> | void {
  const { routes } = scene.facts()
  // The one that something is asked for by, if there is any.
  const { host } = scene.random.pick(scene.openings)
  const route = routeOf(scene.facts(), host)
  if (route === undefined) return
  const next = routes.flatMap((it) => (it === route ? (edit(it) ?? []) : [it]))
  return takeRoutes(scene, change, next)
}

function takeRoutes(scene: Scene, change: Change, routes: Facts['routes']): Promise<void> | void {
  if (scene.random.isIn(50)) return reload(scene, change, { routes })
  const number = scene.become({ routes })
  change.onTold()
  change.soon(number)
  scene.gateway.told.holding()
}

async function reload(scene: Scene, change: Change, next: Partial<Facts>): Promise<void> {
  const number = scene.become(next)
  change.onTold()
  change.soon(number)
  await scene.gateway.told.reload()
  change.answered(number)
}
