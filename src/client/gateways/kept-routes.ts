import { readFile, rm } from 'node:fs/promises'
import { replaceFile } from '../../reach/replace-file.ts'
import { decodeRoutes, type ListedRoute, type RoutesAnswer } from '../routes/routes-answer.ts'
import { cachePath } from './cache-path.ts'

// The routes of a gateway as whoever is signed in has seen them last, in the cache: by them a route's name is a
// destination without asking, and offline. Those that they may only ask for are kept beside them.

/** What is kept of a route. */
export type KeptRoute = Pick<ListedRoute, 'id' | 'name' | 'type' | 'from'>

/** The routes to use that were seen last; undefined where none were. */
export async function readKeptRoutes(
  cacheDirectory: string,
  origin: string,
): Promise<readonly KeptRoute[] | undefined> {
  return (await readKept(cacheDirectory, origin))?.routes
}

/** All that were seen last, those to ask for among them. */
export async function readAllKeptRoutes(
  cacheDirectory: string,
  origin: string,
): Promise<readonly KeptRoute[]> {
  const kept = await readKept(cacheDirectory, origin)
  return kept === undefined ? [] : [...kept.routes, ...kept.closed]
}

async function readKept(cacheDirectory: string, origin: string): Promise<RoutesAnswer | undefined> {
  try {
    // In the form of the answer, so that what somebody wrote there is read as carefully.
    return decodeRoutes(await readFile(cachePath(cacheDirectory, 'routes', origin), 'utf8'))
  } catch {
    return undefined
  }
}

/** Keeps them. That they cannot be kept changes nothing else. */
export async function keepRoutes(
  cacheDirectory: string,
  origin: string,
  { routes, closed }: Pick<RoutesAnswer, 'routes' | 'closed'>,
): Promise<void> {
  const keptOf = ({ id, name, type, from }: ListedRoute): KeptRoute => ({ id, name, type, from })
  const text = JSON.stringify({ routes: routes.map(keptOf), listed_routes: closed.map(keptOf) })
  await replaceFile(cachePath(cacheDirectory, 'routes', origin), text).catch(() => undefined)
}

/** Removes them: they are of somebody who has signed out. */
export async function forgetRoutes(cacheDirectory: string, origin: string): Promise<void> {
  await rm(cachePath(cacheDirectory, 'routes', origin), { force: true }).catch(() => undefined)
}
