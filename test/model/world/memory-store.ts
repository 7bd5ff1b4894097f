import { openDatabaseHere } from '../../../src/store/sqlite-database.ts'
import type { Store } from '../../../src/store/store.ts'

/** The embedded store in memory and in this thread, so that what waits for it goes on in a known order. */
export async function openMemoryStore(): Promise<Store> {
  const secrets = [{ setting: 'shared_secret', bytes: new Uint8Array(32).fill(1) }] as const
  const served = await openDatabaseHere(':memory:', secrets)
  return {
    ...served,
    sessions: {
      ...served.sessions,
      onEnded: (listener) =>
        served.feed.onChanges((changes) => {
          for (const { kind, id, change, reason = 'revoked' } of changes)
            if (kind === 'session' && change === 'ended') listener(id, reason)
        }),
    },
    failed: new Promise(() => undefined),
  }
}
