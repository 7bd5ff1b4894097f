import type { Clock } from '../clock.ts'
import type { SessionFacts } from '../store/store.ts'

/** When sessions were used last, as far as this process knows; one entry for each that was. */
export interface SessionUse {
  mark(id: string): void
  forget(id: string): void
  /**
   * Those of one person's sessions that are beyond `max`: the longest unused first, and those with an
   * open tunnel last. What was not used since the process began counts as used at its sign-in.
   */
  beyond(max: number, sessions: readonly SessionFacts[]): readonly SessionFacts[]
}

export function createSessionUse(
  clock: Clock,
  hasTunnel: (sessionId: string) => boolean,
): SessionUse {
  const times = new Map<string, number>()
  const usedAtMs = ({ id, issuedAtMs }: SessionFacts): number =>
    hasTunnel(id) ? clock.now() : (times.get(id) ?? issuedAtMs)
  return {
    mark: (id) => void times.set(id, clock.now()),
    forget: (id) => void times.delete(id),
    beyond(max, sessions) {
      // The store has the newest first, and of those of one moment the newest is kept.
      const byUse = sessions.toReversed().map((session) => ({ session, atMs: usedAtMs(session) }))
      byUse.sort((a, b) => a.atMs - b.atMs)
      return byUse.slice(0, Math.max(0, sessions.length - max)).map(({ session }) => session)
    },
  }
}
