// Makes one executable of the release build: Bun with the program, its threads and the web pages within.
import { execFileSync } from 'node:child_process'
import { basename, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fetchBun, ownBun } from '../bun/fetch-bun.ts'

/** What becomes a module of its own in the executable: the program and the files that threads start with. */
const entries = ['postern.js', 'worker.js', 'sqlite-thread.js']

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

export interface CompileOptions {
  /** What `scripts/build.mjs` has made. */
  readonly dist: string
  /** Where the executable goes; its base name is seen within it. */
  readonly outfile: string
  /** For which system, as in packaging/runtimes.json: `linux-aarch64-musl`. **Default:** this one */
  readonly system?: string
}

/**
 * Bun bundles the chunks of `dist` again, flat: there `import.meta.dirname` of every module is the folder of all
 * (`src/release-files.ts`). All paths that Bun is given are relative to `dist`, so that none gets into the file.
 */
export function compileExecutable({ dist, outfile, system }: CompileOptions): void {
  const runtime = system === undefined ? [] : ['--compile-executable-path', fetchBun(system)]
  const options = ['--compile', '--splitting', '--bytecode', '--format=esm', ...obeyNobody]
  const files = ['--asset', 'web', '--outfile', resolve(outfile)]
  const modules = entries.map((name) => `./${name}`)
  const args = ['build', ...options, ...runtime, ...files, ...modules]
  execFileSync(ownBun(), args, { cwd: dist, stdio: ['ignore', 'ignore', 'inherit'] })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [dist = '', outfile = ''] = process.argv.slice(2)
  if (outfile === '') {
    process.stderr.write(
      `usage: node scripts/package/${basename(import.meta.filename)} DIST FILE\n`,
    )
    process.exit(2)
  }
  compileExecutable({ dist, outfile })
}
