import { createFakeClock, type FakeClock } from '../../../src/fake-clock.ts'
import type { Random } from '../random.ts'
import { against, isUnknown, startMs, type Facts, type Holder, type SessionFact } from './facts.ts'
import { openRacedGateway, type RacedGateway } from './gateway.ts'
import type { Gates } from './gates.ts'
import type { Opening, Phase } from './opening.ts'

/** A gateway in which something is raced, and what is true in it. */
export interface Scene {
  readonly random: Random
  readonly gates: Gates
  readonly clock: FakeClock
  readonly gateway: RacedGateway
  readonly openings: readonly Opening[]
  facts(): Facts
  /** Makes this true from now on, and answers the number of the change. */
  become(next: Partial<Facts>): number
  /** The same of sessions: it is true in the store, and the gateway is told by the feed, in the order of the writes. */
  write(next: Pick<Facts, 'sessions'>, id: string, tell: (change: number) => void): Promise<void>
  /** Whether a tunnel may be open now, by what the gateway was told or by what the store has. */
  mayBeOpen(opening: Holder): boolean
  /** Notes what speaks against a tunnel that has come further. */
  note(opening: Opening): void
  phaseOf(opening: Opening): Phase
}

export interface SceneParts {
  readonly random: Random
  readonly gates: Gates
  readonly first: Facts
  readonly openings: readonly Opening[]
  /** The provider has answered about a session. */
  refresh(sessionId: string): Promise<void>
}

export function openScene({ random, gates, first, openings, refresh }: SceneParts): Scene {
  const clock = createFakeClock(startMs)
  let facts = first
  let changes = 0
  /** Sessions as the gateway was told of them. */
  let told = first.sessions
  /** Sessions after each write that the feed has not told of, the oldest first. */
  const feed: { readonly sessions: Facts['sessions']; readonly tell: () => void }[] = []
  const gateway = openRacedGateway({ clock, gates, random, refresh, facts: () => facts })

  const mayBeBy = (view: Facts, opening: Holder): boolean => {
    const found = against(view, opening)
    return found.every((it) => it === 'blocked' && isUnknown(view, opening))
  }
  /** By what the gateway was told, and by each write since: what is read may be of then. */
  const views = (): readonly Facts[] =>
    feed.length === 0
      ? [facts]
      : [told, ...feed.map(({ sessions }) => sessions)].map((sessions) => ({ ...facts, sessions }))

  const mayBeOpen = (opening: Holder): boolean => views().some((view) => mayBeBy(view, opening))

  function note(opening: Opening): void {
    for (const view of views()) for (const it of against(view, opening)) opening.against.add(it)
  }

  /** Whatever nobody has been told of forbids nothing yet. */
  function noteAll(change: number): void {
    for (const opening of openings) {
      if (opening.phase === 'over') continue
      note(opening)
      opening.forbiddenBy = mayBeOpen(opening) ? undefined : (opening.forbiddenBy ?? change)
    }
  }

  function become(next: Partial<Facts>): number {
    facts = { ...facts, ...next }
    changes += 1
    noteAll(changes)
    return changes
  }

  return {
    random,
    gates,
    clock,
    gateway,
    openings,
    facts: () => facts,
    become,
    async write(next, id, tell) {
      const { sessions } = next
      const change = changes + 1
      feed.push({
        sessions,
        tell() {
          told = sessions
          noteAll(change)
          tell(change)
        },
      })
      become(next)
      await gates.pass('the feed tells', id)
      feed.shift()?.tell()
    },
    mayBeOpen,
    note,
    phaseOf({ phase, sessionId }) {
      const isRead = sessionId !== undefined && gates.waiting('the store reads', sessionId) > 0
      return phase === 'open' && gateway.deciding > 0 && isRead ? 'open, and decided again' : phase
    },
  }
}

export function withSession(
  sessions: ReadonlyMap<string, SessionFact>,
  id: string,
  session: SessionFact | undefined,
): ReadonlyMap<string, SessionFact> {
  const next = new Map(sessions)
  if (session === undefined) next.delete(id)
  else next.set(id, session)
  return next
}
