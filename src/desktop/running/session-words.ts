import { messageOf } from '../../errors.ts'
import type { RenewalOutcome } from '../../client/sign-in/renew-session.ts'
import type { NewEntry } from './connection-log.ts'
import { sayEndsIn, type SessionNews } from '../gateways/session-watch.ts'

type Words = Pick<NewEntry, 'level' | 'message' | 'hint'>

const renewHint =
  'tunnels end with it: renew it in the window, or with "postern login --renew", and they go on'

/** What becomes of a session, for the log of each connection that uses it. */
export function wordsOfSession(news: SessionNews, origin: string, nowMs: number): Words {
  const session = `the session at "${origin}"`
  if (news.kind === 'ending') {
    return { level: 'warn', message: `${session} ${sayEndsIn(news.leftMs)}`, hint: renewHint }
  }
  if (news.kind === 'renewing') return { level: 'info', message: `renewing ${session}` }
  if (news.kind === 'failed') {
    const message = `${session} was not renewed: ${messageOf(news.error)}`
    const hint = news.isTriedAgain ? 'it is tried again in a minute' : renewHint
    return { level: 'warn', message, hint }
  }
  const { said, hint } = outcomes[news.outcome]
  if (hint === undefined) return { level: 'info', message: `${session} ${said}` }
  const end = sayEndsIn(news.formerEndMs - nowMs)
  return { level: 'warn', message: `${session} ${said}`, hint: hint(end) }
}

interface OutcomeWords {
  readonly said: string
  /** Where something is to be done or known; `end` as `ends in 5 minutes`. */
  readonly hint?: (end: string) => string
}

const outcomes: Readonly<Record<RenewalOutcome, OutcomeWords>> = {
  prolonged: { said: 'was renewed' },
  elsewhere: { said: 'was renewed by another program of yours' },
  replaced: {
    said: 'could not be prolonged, and you have another one',
    hint: (end) => `tunnels that were open before belong to the former one, which ${end}`,
  },
  unchanged: {
    said: 'cannot be renewed by this gateway',
    hint: (end) => `it ${end}, and its tunnels with it; sign in again then`,
  },
}
