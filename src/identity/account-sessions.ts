import type { Clock } from '../clock.ts'
import { AccessError } from '../errors.ts'
import type { Logger } from '../log.ts'
import { follow } from '../store/follow.ts'
import type { Store } from '../store/store.ts'
import type { AccountProvider } from './account-provider.ts'
import type { Sessions } from './sessions.ts'

export interface AccountSessionsParts {
  readonly store: Pick<Store, 'accounts' | 'sessions' | 'feed'>
  readonly provider: AccountProvider
  readonly sessions: Pick<Sessions, 'revoke' | 'confirm'>
  readonly log: Logger
  readonly clock: Clock
}

/** Keeps sessions as their accounts are. */
export interface AccountSessions {
  /** Resolves once the sessions of an account are as it was written before. */
  settled(accountId: string): Promise<void>
}

/**
 * Ends the sessions of accounts that are disabled, reset or removed, and has the others say what their account says,
 * as soon as that is written: nobody waits for the next refresh.
 */
export function followAccountSessions(parts: AccountSessionsParts): AccountSessions {
  const { provider, sessions, log, clock } = parts
  const store = parts.store

  async function reconcile(accountId: string): Promise<void> {
    const account = await store.accounts.get(accountId)
    const theirs = await store.sessions.list({ userId: provider.userIdOf(accountId) })
    for (const { id } of theirs) {
      const record = await store.sessions.get(id)
      if (record === undefined) continue
      if (account === undefined || !(await provider.vouches(record))) await sessions.revoke(id)
      else await sessions.confirm(id, provider.signedIn(account)).catch(ignoreBlocked)
    }
  }

  const following = follow({
    // A use of a passkey changes nothing, and a new account has no sessions.
    feed: {
      onChanges: (listener) =>
        store.feed.onChanges((changes) =>
          listener(changes.filter(({ change }) => change === 'changed' || change === 'ended')),
        ),
    },
    kind: 'account',
    log,
    clock,
    load: () => Promise.resolve(),
    foretell: () => undefined,
    refresh: reconcile,
  })
  return { settled: async (accountId) => (await following).settled(accountId) }
}

/** Their sessions end by the block. */
function ignoreBlocked(error: unknown): undefined {
  if (error instanceof AccessError) return undefined
  throw error
}
