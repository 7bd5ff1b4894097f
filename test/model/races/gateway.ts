import { createDirectory, type Directory } from '../../../src/access/directory.ts'
import { silentLogger, type Logger } from '../../../src/log.ts'
import { AccessError } from '../../../src/errors.ts'
import type { FakeClock } from '../../../src/fake-clock.ts'
import { assemble, type Assembly } from '../../../src/gateway/assemble.ts'
import { testConfig, testRoute } from '../../../src/gateway/gateway.fixture.ts'
import { createMirror } from '../../../src/identity/mirror.ts'
import type { LiveCaller, Session } from '../../../src/identity/session.ts'
import type { GatewayConfig } from '../../../src/config/config.ts'
import type { SessionEnded } from '../../../src/access/tunnel-register.ts'
import type { Holding } from '../../../src/catalog/holding.ts'
import type { NewRoute } from '../../../src/routes/route.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'
import {
  startMs,
  whileMs,
  type Facts,
  type RouteFact,
  type SessionFact,
  type Who,
} from './facts.ts'
import type { Gates } from './gates.ts'
import type { Random } from '../random.ts'

/** Says that something has changed, as what is around a gateway's parts does. */
export interface Told {
  /** Undefined: the session is another one; the store may say that nothing about it matters to decisions. */
  session(id: string, how: 'changed' | 'kept' | Exclude<SessionEnded, undefined>): void
  /** The configuration's file was read again. */
  reload(): Promise<void>
  /** Stored routes were written. */
  holding(): void
  blocked(): void
  access(): void
}

/** The parts of a gateway as a start puts them together, around a store, a provider and a configuration in memory. */
export interface RacedGateway {
  readonly parts: Assembly
  readonly told: Told
  /** Lines at `error`: none is expected. */
  readonly errors: readonly string[]
  /** Decisions about open tunnels that have not come to their end. */
  readonly deciding: number
}

export interface Surroundings {
  readonly clock: FakeClock
  readonly gates: Gates
  readonly random: Random
  /** What is true now, for whatever asks. */
  facts(): Facts
  /** The provider is asked about a session, and has answered. */
  refresh(sessionId: string): Promise<void>
}

const metrics = createMetrics()
/** What was decided is compared, not what is written of it. */
const audit = { record: () => undefined, flushed: () => Promise.resolve() }

/** Puts one together. */
export function openRacedGateway(surroundings: Surroundings): RacedGateway {
  const { clock, gates, random, facts } = surroundings
  const errors: string[] = []
  const logger: Logger = { ...silentLogger, error: (message) => void errors.push(message) }
  const mirror = createMirror(async (id): Promise<Session | undefined> => {
    // It reads at once and answers late, or comes to it late: what it answers is of before or of after.
    const isAtOnce = random.isIn(50)
    const early = facts().sessions.get(id)
    await gates.pass('the store reads', id)
    const found = isAtOnce ? early : facts().sessions.get(id)
    return found && sessionOf(found)
  })
  const checkBlocked = ({ userId }: { readonly userId: string }): void => {
    if (facts().blocked.includes(userId)) throw new AccessError('person-blocked', 'you are blocked')
  }
  /** As `Sessions` do. */
  async function session(id: string): Promise<LiveCaller | undefined> {
    const found = await mirror.read(id)
    if (found === undefined || found.row.expiresAtMs <= clock.now()) return undefined
    checkBlocked(found.row)
    return { session: found.row, version: found.version }
  }
  let onSession: (id: string, ended: SessionEnded) => void = () => undefined
  let onHolding: (holding: Holding) => void = () => undefined
  let onBlocked = (): void => undefined
  let onAccess = (): void => undefined
  const holding = (): Holding => ({ routes: facts().routes.map(formOf) }) as unknown as Holding
  const configNow = (): GatewayConfig => ({
    ...plainConfig,
    directory: directories.get(facts().directory.join()),
  })
  const parts = assemble(configNow(), {
    clock,
    log: { service: () => logger } as unknown as Parameters<typeof assemble>[1]['log'],
    audit,
    metrics,
    identity: {
      identify: ({ authorization }) =>
        authorization === undefined ? Promise.resolve(undefined) : session(authorization),
      credentialFault: () => Promise.resolve(undefined),
      login: undefined,
      localAccounts: undefined,
      session,
      sessionVersion: (id) => mirror.version(id),
      async askProvider({ id }) {
        await surroundings.refresh(id)
        return true
      },
      onSession: (listener) => void (onSession = listener),
      signInLocation: () => undefined,
      ...unusedOfIdentity,
    },
    blockedPeople: {
      check: checkBlocked,
      isBlocked: ({ userId }) => facts().blocked.includes(userId),
      onBlocked: (listener) => void (onBlocked = listener),
    },
    catalog: {
      holding,
      prepare: () => Promise.resolve(),
      useFile: holding,
      onHolding(listener) {
        onHolding = listener
        return { [Symbol.dispose]: () => undefined }
      },
    },
    accessRequests: {
      accessGrant(userId, { id: routeId }) {
        const it = facts().lent.find((lent) => lent.userId === userId && lent.routeId === routeId)
        return it && { id: it.id, untilMs: it.untilMs, by: userId, isBreakGlass: true }
      },
      onChanged: (listener) => void (onAccess = listener),
      pendingOf: () => undefined,
    },
    links: { toward: () => [], doubt: () => undefined, avoid: () => undefined },
  })
  const { liveTunnels } = parts
  const { redecide } = liveTunnels
  let deciding = 0
  // What asks for it within the parts does not wait for it; here it is known when it is over.
  liveTunnels.redecide = async (filter) => {
    deciding += 1
    try {
      await redecide(filter)
    } finally {
      deciding -= 1
    }
  }
  return {
    parts,
    errors,
    get deciding() {
      return deciding
    },
    told: {
      session(id, how) {
        if (how === 'kept') return mirror.kept(id)
        if (how === 'changed') mirror.changed(id)
        else mirror.forget(id)
        onSession(id, how === 'changed' ? undefined : how)
      },
      reload: () => parts.reload(configNow()),
      holding: () => onHolding(holding()),
      blocked: () => onBlocked(),
      access: () => onAccess(),
    },
  }
}

const plainConfig = { ...testConfig([]), accessLogFields: [], authorizeLogFields: [] }

const unused = (): Promise<never> => Promise.reject(new Error('nobody asks for this here'))
const unusedOfIdentity = {
  listSessions: () => {
    throw new Error('nobody asks for this here')
  },
  sessionPage: unused,
  countSessions: unused,
  sessionsOf: unused,
  revokeSession: unused,
  serviceAccounts: {} as never,
}

/** Those that there can be; nobody among the DBAs is no directory at all. */
const directories: ReadonlyMap<string, Directory> = new Map(
  [['ada'], ['bob'], ['ada', 'bob']].map((people) => [
    people.join(),
    createDirectory(people.map((member) => ({ member, group: 'dba' }))),
  ]),
)

function sessionOf({ id, userId, isDba, expiresAtMs }: SessionFact): Session {
  return {
    kind: 'person',
    id,
    userId,
    email: `${userId}@example.com`,
    emailVerified: true,
    name: undefined,
    groups: isDba ? ['dba'] : [],
    claims: {},
    provider: 'default',
    issuer: 'https://login.example.com',
    issuedAtMs: startMs,
    expiresAtMs,
    // So long ago that a refusal that rests on it asks the provider.
    refreshedAtMs: startMs - 3_600_000,
    refreshDueAtMs: expiresAtMs,
  }
}

const policies = {
  everybody: undefined,
  'signed-in': { allow: { or: [{ authenticated_user: true }] } },
  ada: { allow: { or: [{ user: 'ada' }] } },
  dba: { allow: { or: [{ groups: { has: 'dba' } }] } },
  'a-while': {
    allow: {
      and: [
        { authenticated_user: true },
        { date: { before: new Date(startMs + whileMs).toISOString() } },
      ],
    },
  },
  lent: { allow: { or: [{ user: 'nobody of this name' }] } },
  nobody: { deny: { or: [{ accept: true }] } },
} as const satisfies Readonly<Record<Who, unknown>>

const forms = new Map<string, NewRoute>()

/** The same object for the same words, as what is read again and has not changed. */
function formOf(route: RouteFact): NewRoute {
  const key = Object.values(route).join(' ')
  const known = forms.get(key)
  if (known !== undefined) return known
  const { id, host, who, place } = route
  const form = testRoute(`tcp+https://${host}:22`, [place], policies[who])
  const made = {
    ...form,
    id,
    description: key,
    ...(who === 'lent' && { breakGlass: { policy: form.policy, maxMs: 3_600_000 } }),
  }
  forms.set(key, made)
  return made
}
