import { createHash } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { replaceFile } from '../../reach/replace-file.ts'
import { decodeRoutes, type ListedRoute } from '../routes/routes-answer.ts'

// The routes of a gateway as whoever is signed in has seen them last, in the cache: by them a route's name is a
// destination without asking, and offline.

/** What is kept of a route. */
export type KeptRoute = Pick<ListedRoute, 'id' | 'name' | 'type' | 'from'>

/** The routes that were seen last; undefined where none were. */
export async function readKeptRoutes(
  cacheDirectory: string,
  origin: string,
): Promise<readonly KeptRoute[] | undefined> {
  try {
    // In the form of the answer, so that what somebody wrote there is read as carefully.
    return decodeRoutes(await readFile(pathOf(cacheDirectory, origin), 'utf8')).routes
  } catch {
    return undefined
  }
}

/** Keeps them. That they cannot be kept changes nothing else. */
export async function keepRoutes(
  cacheDirectory: string,
  origin: string,
  routes: readonly ListedRoute[],
): Promise<void> {
  const kept = routes.map(({ id, name, type, from }): KeptRoute => ({ id, name, type, from }))
  const text = JSON.stringify({ routes: kept })
  await replaceFile(pathOf(cacheDirectory, origin), text).catch(() => undefined)
}

/** Removes them: they are of somebody who has signed out. */
export async function forgetRoutes(cacheDirectory: string, origin: string): Promise<void> {
  await rm(pathOf(cacheDirectory, origin), { force: true }).catch(() => undefined)
}

/** Readable enough to delete one by hand, and safe for any file system. */
function pathOf(cacheDirectory: string, origin: string): string {
  const host = new URL(origin).hostname.replaceAll(/[^a-z0-9.-]/g, '_').slice(0, 100)
  const digest = createHash('sha256').update(origin).digest('hex').slice(0, 16)
  return join(cacheDirectory, 'routes', `${host}-${digest}.json`)
}
