// The executable of this system and these sources, for every test that runs one. It takes some seconds to make, so it is
// kept in node_modules/.cache until a source changes.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs'
import { join } from 'node:path'
import { runProgramSync } from '../../src/program.fixture.ts'
import { compileExecutable } from './compile.ts'
import { ownSystem, type System } from './systems.ts'

const root = join(import.meta.dirname, '..', '..')
const cache = join(root, 'node_modules', '.cache', 'postern', 'executables')
/** How long one is kept that nobody has used, in milliseconds. Each is 120 MB. */
const keptMs = 4 * 60 * 60 * 1000

const madeOf = [
  'src/**/*',
  'scripts/*.mjs',
  'scripts/package/{compile,compress-pages,systems}.ts',
  'scripts/package/archive/gzip.ts',
  'scripts/package/mac/*',
  'packaging/runtimes.json',
  'package.json',
  'package-lock.json',
]

/** What these sources have made so far: `dist`, and a folder for each system. */
const made = join(cache, hashOfSources())

/** The path of the executable, made when there is none of these sources. */
export function builtExecutable(system: System = ownSystem()): string {
  const directory = join(made, system.name)
  makeOnce(directory, (draft) => {
    compileExecutable({ dist: builtDist(), outfile: join(draft, system.program), system })
  })
  return join(directory, system.program)
}

/** The path of the `dist` that executables are made of. */
export function builtDist(): string {
  makeOnce(join(made, 'dist'), buildDist)
  return join(made, 'dist')
}

function makeOnce(directory: string, make: (draft: string) => void): void {
  if (!existsSync(directory)) {
    removeUnused()
    mkdirSync(made, { recursive: true })
    const draft = mkdtempSync(join(made, '.draft-'))
    try {
      make(draft)
      // The folders that `mkdtemp` makes are for their owner alone; services of other users run what is in this one.
      chmodSync(draft, 0o755)
      replace(draft, directory)
    } finally {
      rmSync(draft, { recursive: true, force: true })
    }
  }
  utimesSync(made, new Date(), new Date())
}

/** What `npm run build` makes, with the pages that are there already if they are of these sources. */
function buildDist(dist: string): void {
  run('build-program.mjs', dist)
  run('build-web.mjs', '--if-stale')
  cpSync(join(root, 'dist', 'web'), join(dist, 'web'), { recursive: true })
}

function run(script: string, argument: string): void {
  const { status, stderr } = runProgramSync(process.execPath, [
    join(root, 'scripts', script),
    argument,
  ])
  assert.equal(status, 0, stderr)
}

/** Another test process may have made the same in the meantime; then that one is as good. */
function replace(draft: string, directory: string): void {
  try {
    renameSync(draft, directory)
  } catch (error) {
    if (!existsSync(directory)) throw error
  }
}

function removeUnused(): void {
  if (!existsSync(cache)) return
  for (const name of readdirSync(cache)) {
    const path = join(cache, name)
    const { mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? { mtimeMs: Infinity }
    if (Date.now() - mtimeMs > keptMs) rmSync(path, { recursive: true, force: true })
  }
}

function hashOfSources(): string {
  const hash = createHash('sha256')
  const paths = madeOf.flatMap((pattern) => globSync(pattern, { cwd: root }))
  for (const path of paths.map((path) => path.replaceAll('\\', '/')).sort()) {
    if (/\.(test|suite|fixture)\.ts$/.test(path) || !statSync(join(root, path)).isFile()) continue
    hash
      .update(`${path}\0`)
      .update(readFileSync(join(root, path)))
      .update('\0')
  }
  return hash.digest('hex').slice(0, 24)
}
