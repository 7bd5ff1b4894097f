// End-to-end, attack and command tests against the executable: the tests run on Node.js and start the file that
// POSTERN_PROGRAM names (test/postern-program.ts).
import { spawn } from 'node:child_process'
import { globSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { builtExecutable } from '../package/executable.fixture.ts'

const root = join(import.meta.dirname, '..', '..')
const place = join('test', 'postern-program.ts')

/**
 * What hangs most on the runtime, for every change: bad input and smuggling, pipes, threads, pages, halves and cuts of
 * tunnels, TLS, both runtimes at the ends of one connection. All others are those of `--all`.
 */
const short = [
  'test/bad-input/bodies-in-pieces.test.ts',
  'test/bad-input/pages.test.ts',
  'test/bad-input/smuggling.test.ts',
  'test/cli/desktop.test.ts',
  'test/cli/shared-pipe.test.ts',
  'test/e2e/both-runtimes.test.ts',
  'test/e2e/client-certificates.test.ts',
  'test/e2e/first-tunnel.test.ts',
  'test/e2e/half-close.test.ts',
  'test/e2e/kill-and-cut.test.ts',
]

/** Runs them and answers whether all passed; with `isWhole` every test that starts the program. */
export function testExecutable(isWhole: boolean): Promise<boolean> {
  const files = isWhole ? startingProgram() : short
  process.stdout.write(`\nThe executable: ${files.length} files\n`)
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--test', '--test-concurrency=2', ...files], {
      cwd: root,
      env: { ...process.env, POSTERN_PROGRAM: realpathSync(builtExecutable()) },
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    child.on('error', reject).on('exit', (code) => resolve(code === 0))
  })
}

function startingProgram(): readonly string[] {
  return globSync('test/**/*.test.ts', { cwd: root })
    .filter((file) => reaches(file, new Set()))
    .sort()
}

/** Whether a file imports what starts the program, or something that does. */
function reaches(file: string, seen: Set<string>): boolean {
  if (file === place) return true
  if (seen.has(file) || !file.endsWith('.ts')) return false
  seen.add(file)
  const text = readFileSync(join(root, file), 'utf8')
  return [...text.matchAll(/ from '(\.[^']+)'/g)].some(([, name = '']) =>
    reaches(normalize(join(dirname(file), name)), seen),
  )
}
