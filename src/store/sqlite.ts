import { randomBytes } from 'node:crypto'
import { threadFile } from '../release-files.ts'
import { startThread } from '../thread.ts'
import { createRemoteStore } from './remote-store.ts'
import type { Store } from './store.ts'
import type { TokenSecrets } from './token-cipher.ts'

/** What the thread is given. */
export interface DatabasePlace {
  readonly path: string
  readonly secrets: TokenSecrets
}

/**
 * Opens the embedded store at a path (made 0600 when it is not there) or `:memory:`, and brings its tables up
 * to date. It runs in a thread of its own: no tunnel waits for a query or for the disk. The first secret
 * encrypts tokens, the others read those of before.
 *
 * Throws `SystemError` that names the file: `database-unusable` when it cannot be opened or is not a
 * database, `database-too-new` when a later release wrote it, `token-key-missing`; `store-failed` when the
 * thread cannot be started.
 */
export function openSqliteStore(
  path: string,
  secrets: TokenSecrets = forMemory(path),
  { file = sqliteThread }: { readonly file?: URL } = {},
): Promise<Store> {
  const place: DatabasePlace = { path, secrets: copied(secrets) }
  return createRemoteStore(startThread(file, { workerData: place }), path)
}

const sqliteThread = threadFile(new URL('./sqlite-thread.ts', import.meta.url))

/** A database in memory is read by nobody else; a file needs a secret that outlives the process. */
function forMemory(path: string): TokenSecrets {
  if (path !== ':memory:') throw new RangeError('a database in a file needs secrets for its tokens')
  return [{ setting: 'shared_secret', bytes: randomBytes(32) }]
}

/** A `Buffer` may be a part of a larger one, and would take all of that along. */
function copied([first, ...others]: TokenSecrets): TokenSecrets {
  const copy = ({ setting, bytes }: TokenSecrets[0]) => ({ setting, bytes: Uint8Array.from(bytes) })
  return [copy(first), ...others.map(copy)]
}
