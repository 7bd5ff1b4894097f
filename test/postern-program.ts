// Which program tests start, in one place: the build that `npm test` has made of the sources, the sources themselves where
// a test file is run alone, or the executable that POSTERN_PROGRAM names.
import { isAbsolute, join } from 'node:path'

/** What `scripts/package/compile.ts` made; undefined where Node.js runs the program. */
export const executable = process.env['POSTERN_PROGRAM']
if (executable !== undefined && !isAbsolute(executable)) {
  throw new Error(
    `POSTERN_PROGRAM is "${executable}", and tests start it from folders of their own`,
  )
}

/** The file by which Node.js runs the program from its sources. */
export const mainPath = join(import.meta.dirname, '..', 'src', 'cli', 'main.ts')

/** What `scripts/run.mjs` built: it starts in half the time of the sources, of which Node.js reads each file. */
const builtPath = process.env['POSTERN_BUILT']

/** What a command line of the program begins with. */
const words: readonly [string, ...string[]] =
  executable === undefined ? [process.execPath, builtPath ?? mainPath] : [executable]

/** A command of the program. */
export function posternCommand(...args: readonly string[]): [string, string[]] {
  const [command, ...first] = words
  return [command, [...first, ...args]]
}

/** What a command line gives the program, also behind a launcher; undefined for one that starts something else. */
export function posternArgsOf(
  command: string,
  args: readonly string[],
): readonly string[] | undefined {
  const line = [command, ...args]
  const at = line.findIndex(
    (word) => word === executable || word === builtPath || word === mainPath,
  )
  return at === -1 ? undefined : line.slice(at + 1)
}

/** The same on Node.js, whatever the others run on. */
export function posternOnNode(...args: readonly string[]): [string, string[]] {
  return [process.execPath, [builtPath ?? mainPath, ...args]]
}

/** What begins a command line of the program, for a shell. */
export const posternInShell = words.map((word) => `'${word}'`).join(' ')

/** What a test says that needs the sources on Node.js, whose options it gives. */
export const needsSources = executable !== undefined && 'only the sources run on Node.js'
