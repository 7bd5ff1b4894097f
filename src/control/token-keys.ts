import { z } from 'zod'
import type { Clock } from '../clock.ts'
import type { StoredTokenKey, TokenKeyStore } from '../store/store.ts'
import { recordChange, type Actor } from './change.ts'
import { parseInput, type TokenKeyList, type TokenKeySummary } from './protocol.ts'
import type { TokenRotation, TokenRotationPosition, TokenRotationStep } from './protocol.ts'
import { revokeAll, type SessionParts } from './sessions.ts'

/** What the operations on the keys of stored tokens reach inside the running gateway. */
export interface TokenKeyParts extends SessionParts {
  readonly clock: Clock
  readonly tokenKeys: TokenKeyStore
}

/**
 * Operations on the keys of stored tokens. A rotation is a question for each step, so that whoever asks may
 * stop between any two; the next rotation goes on with what is left.
 */
export interface TokenKeyOperations {
  listTokenKeys(by: Actor): Promise<TokenKeyList>
  /** Makes a new key current, or goes on with a rotation that was interrupted. */
  beginTokenRotation(by: Actor): Promise<TokenRotation>
  /** Encrypts some more tokens with the current key. Throws `PeerError` `malformed-request`. */
  stepTokenRotation(by: Actor, from: TokenRotationPosition): Promise<TokenRotationStep>
}

const step = z.strictObject({ after: z.string().max(256) })

export function tokenKeyOperations(parts: TokenKeyParts): TokenKeyOperations {
  const { tokenKeys, clock } = parts
  const current = async (): Promise<string> =>
    (await tokenKeys.list()).find(({ isCurrent }) => isCurrent)?.id ?? ''
  return {
    listTokenKeys: async () => ({ keys: (await tokenKeys.list()).map(summarize) }),
    async beginTokenRotation(by) {
      const { isResumed } = await tokenKeys.begin(clock.now())
      const key = await current()
      recordChange(parts, by, 'token key rotation begun', { key, resumed: isResumed })
      return { key, resumed: isResumed }
    },
    async stepTokenRotation(by, from) {
      const { after } = parseInput(step, from)
      const { moved, unreadable, next } = await tokenKeys.move(after)
      if (unreadable.length > 0) {
        const event = 'sessions ended: their stored tokens were changed from outside'
        await revokeAll(unreadable, parts, (revoked) =>
          recordChange(parts, by, event, { 'session-ids': revoked }),
        )
      }
      if (next === undefined)
        recordChange(parts, by, 'token key rotation ended', { key: await current() })
      return { moved, ended: unreadable, next: next ?? null }
    },
  }
}

function summarize(key: StoredTokenKey): TokenKeySummary {
  const { id, setting, createdAtMs, isCurrent, sessions } = key
  const created_at = new Date(createdAtMs).toISOString()
  return { id, from: setting ?? null, created_at, current: isCurrent, sessions }
}
