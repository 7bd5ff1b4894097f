// Makes one executable of the release build: Bun with the program, its threads and the web pages within.
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fetchBun, ownBun } from '../bun/fetch-bun.ts'
import { compressPages } from './compress-pages.ts'
import { signMachOFile } from './mac/sign-mach-o.ts'
import { findSystem, ownSystem, type System } from './systems.ts'

export interface CompileOptions {
  /** What `scripts/build.mjs` has made. */
  readonly dist: string
  /** Where the executable goes. */
  readonly outfile: string
  /** **Default:** this one */
  readonly system?: System
}

/** What becomes a module of its own in the executable: the program and the files that threads start with. */
const entries = ['postern.js', 'worker.js', 'sqlite-thread.js']
/** See `scripts/packages-apart.mjs`. */
const apart = 'packages'
const directories = ['chunks', apart, 'web']

/**
 * An executable reads no settings but its user's: by itself Bun runs what a `bunfig.toml` of the folder names, and
 * takes its `.env` for the environment.
 */
const obeyNobody = [
  '--no-compile-autoload-dotenv',
  '--no-compile-autoload-bunfig',
  '--no-compile-autoload-tsconfig',
  '--no-compile-autoload-package-json',
]

/**
 * The executable has what `dist` has, in the same folders, below `/$bunfs/root` (Windows: `B:\~BUN\root`). The same
 * `dist` makes the same bytes wherever it lies and wherever they go.
 */
export function compileExecutable({ dist, outfile, system = ownSystem() }: CompileOptions): void {
  // Far from settings that lie beside or above `dist`.
  const stage = mkdtempSync(join(realpathSync(tmpdir()), 'postern-compile-'))
  try {
    for (const name of [...entries, ...directories])
      cpSync(join(dist, name), join(stage, name), { recursive: true, filter: isOfProgram })
    compressPages(join(stage, 'web'))
    execFileSync(
      ownBun(),
      ['build', ...optionsFor(system), ...entries.map((name) => `./${name}`)],
      {
        cwd: stage,
        // Nothing of whoever builds may enter.
        env: { HOME: stage, TMPDIR: stage, SystemRoot: process.env['SystemRoot'] },
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    )
    const made = join(stage, system.program)
    if (system.format.startsWith('mach-o')) signMachOFile(made, 'postern')
    mkdirSync(dirname(outfile), { recursive: true })
    // Another one that runs keeps its own bytes.
    rmSync(outfile, { force: true })
    copyFileSync(made, outfile)
    chmodSync(outfile, 0o755)
  } finally {
    rmSync(stage, { recursive: true, force: true })
  }
}

/** Licences are beside the executable. */
function isOfProgram(path: string): boolean {
  return !path.endsWith('.LEGAL.txt')
}

function optionsFor(system: System): string[] {
  return [
    '--compile',
    `--target=${system.target}`,
    // Else Bun would bring it by itself, and nothing would check what comes.
    `--compile-executable-path=${fetchBun(system.runtime)}`,
    // Seen within the executable, as the name of its entry.
    `--outfile=${system.program}`,
    '--format=esm',
    '--splitting',
    '--chunk-naming=chunks/[name]-[hash].[ext]',
    '--asset=web',
    '--minify-syntax',
    '--minify-whitespace',
    '--reject-unresolved',
    ...bytecodeFor(system),
    ...obeyNobody,
  ]
}

/**
 * Code that is compiled already halves the time of each start. One level of inner functions has nearly all of that:
 * all levels made a start 1 ms shorter and the executable 6 MB larger. Packages that few starts need stay as they are.
 * Beside Windows' runtime there is no room for any.
 */
function bytecodeFor({ program }: System): string[] {
  if (program === 'postern.exe') return []
  return ['--bytecode', '--bytecode-depth=1', `--external=../${apart}/*`, `--asset=${apart}`]
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [dist, outfile, system] = process.argv.slice(2)
  if (dist === undefined || outfile === undefined) {
    process.stderr.write(
      `usage: node scripts/package/${basename(import.meta.filename)} DIST FILE [SYSTEM]\n`,
    )
    process.exit(2)
  }
  compileExecutable({
    dist,
    outfile,
    ...(system === undefined ? {} : { system: findSystem(system) }),
  })
}
