// Puts files of unit tests together, to be run in one process each: most of what a small one takes is the start of Node.js
// and the hundred sources that it has in common with its neighbours.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** As many as end well before the runner's limit for one file, also where a machine does much besides. */
const filesPerBatch = 12

/** What one process of the runner runs: a test file by itself, or several by the name of their batch. */
export interface Batches {
  readonly alone: readonly string[]
  readonly together: ReadonlyMap<string, readonly string[]>
}

/**
 * Neighbours of one room of `src` together, and every other file by itself: those start programs and browsers, which is
 * what they take, and are wanted in a process of their own.
 */
export function batchesOf(files: readonly string[]): Batches {
  const isUnit = (file: string): boolean => file.startsWith('src/')
  const rooms = Map.groupBy(files.filter(isUnit), roomOf)
  const together = new Map<string, readonly string[]>()
  for (const [room, all] of rooms) {
    // Of about the same length: 13 are not 12 and one.
    const size = Math.ceil(all.length / Math.ceil(all.length / filesPerBatch))
    for (let at = 0; at < all.length; at += size)
      together.set(`${room}-${at / size + 1}`, all.slice(at, at + size))
  }
  return { alone: files.filter((file) => !isUnit(file)), together }
}

/** Writes a file for each batch that imports its tests, in a folder that is made anew; answers their paths. */
export function writeBatches(
  root: string,
  folder: string,
  { together }: Pick<Batches, 'together'>,
): readonly string[] {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  return [...together].map(([name, files]) => {
    const path = join(folder, `${name}.test.mjs`)
    const urls = files.map((file) => pathToFileURL(join(root, file)).href)
    writeFileSync(path, urls.map((url) => `import ${JSON.stringify(url)}\n`).join(''))
    return path
  })
}

/**
 * Puts some evenly among others, each in its order. Batches keep a processor busy, and files that start programs wait more
 * than half of their time: side by side they leave each other room.
 */
export function spread<T>(some: readonly T[], others: readonly T[]): readonly T[] {
  const placed = [some, others].flatMap((list) =>
    list.map((item, index) => ({ item, at: (index + 0.5) / list.length })),
  )
  return placed.sort((a, b) => a.at - b.at).map(({ item }) => item)
}

/** Those of `src` itself are one. */
function roomOf(file: string): string {
  const parts = file.split('/')
  return parts.length > 2 ? (parts[1] ?? '') : 'src'
}
