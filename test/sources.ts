import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'

/** One file of `src`, and which of our own files it imports. */
export interface SourceFile {
  /** Relative to `src`, such as `net/relay.ts`. */
  readonly path: string
  readonly text: string
  /** Relative to `src`; only imports of our own files. */
  readonly imports: readonly string[]
  /** Those of them that are `import type`. */
  readonly typeImports: readonly string[]
}

/** Every file of `src`, tests included. */
export function readSources(root: string): SourceFile[] {
  const paths = globSync('src/**/*.{ts,tsx}', { cwd: root }).map((path) =>
    path.replaceAll('\\', '/'),
  )
  return paths.sort().map((path) => {
    const text = readFileSync(join(root, path), 'utf8')
    const find = (pattern: RegExp): string[] =>
      [...text.matchAll(pattern)].map(([, target = '']) =>
        relative('src', normalize(join(dirname(path), target))),
      )
    const imports = find(/(?:from|import)\s*\(?\s*'(\.[^']+\.tsx?)'/g)
    const typeImports = find(/import type [^']+ from '(\.[^']+\.tsx?)'/g)
    return { path: relative('src', path), text, imports, typeImports }
  })
}

export function isTest(path: string): boolean {
  return /\.(test|suite|fixture)\.tsx?$/.test(path)
}

/** The circles of files that import each other, such as `a.ts → b.ts → a.ts`. */
export function findCycles(sources: readonly SourceFile[]): string[] {
  const byPath = new Map(sources.map((source) => [source.path, source]))
  const done = new Set<string>()
  const cycles: string[] = []
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path)
    if (start >= 0) cycles.push([...trail.slice(start), path].join(' → '))
    if (start >= 0 || done.has(path)) return
    for (const target of byPath.get(path)?.imports ?? []) visit(target, [...trail, path])
    done.add(path)
  }
  for (const { path } of sources) visit(path, [])
  return cycles
}

/**
 * The pairs of folders that import each other, such as `gateway ↔ gateway/config`, each with one import of
 * either way. A folder is taken with all that lies in it, but beside a sub-folder of its own with its own
 * files alone.
 */
export function findMutualImports(
  sources: readonly SourceFile[],
  isExempt: (path: string, target: string) => boolean = () => false,
): Map<string, readonly [string, string]> {
  const edges = new Map<string, string>()
  for (const { path, imports } of sources) {
    for (const target of imports) {
      if (isExempt(path, target)) continue
      for (const [from, to] of foldersBetween(path, target)) {
        const key = `${from} → ${to}`
        if (!edges.has(key)) edges.set(key, `${path} → ${target}`)
      }
    }
  }
  const pairs = new Map<string, readonly [string, string]>()
  for (const [key, there] of edges) {
    const [from = '', to = ''] = key.split(' → ')
    const back = edges.get(`${to} → ${from}`)
    if (back !== undefined && from < to) pairs.set(`${from} ↔ ${to}`, [there, back])
  }
  return pairs
}

/** Which folder imports which, when one file imports another. */
function foldersBetween(path: string, target: string): readonly (readonly [string, string])[] {
  const [from, to] = [dirname(path), dirname(target)]
  if (from === to) return []
  const [above, aboveTarget] = [withParents(from), withParents(to)]
  if (aboveTarget.includes(from)) {
    return aboveTarget.filter((folder) => !above.includes(folder)).map((folder) => [from, folder])
  }
  if (above.includes(to)) {
    return above.filter((folder) => !aboveTarget.includes(folder)).map((folder) => [folder, to])
  }
  const [left, right] = [
    above.filter((folder) => !aboveTarget.includes(folder)),
    aboveTarget.filter((folder) => !above.includes(folder)),
  ]
  return left.flatMap((one) => right.map((other) => [one, other] as const))
}

/** A folder and all it lies in, up to `src` itself, which is `.`. */
function withParents(folder: string): readonly string[] {
  return folder === '.' ? ['.'] : [folder, ...withParents(dirname(folder))]
}
