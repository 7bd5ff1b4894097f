import { isAbsolute, join, relative, sep } from 'node:path'
import { isBun } from '../../../src/is-bun.ts'
import { unsearched } from './unsearched.ts'

const directory = join(import.meta.dirname, '..')

/**
 * Whether a scope of the test file that runs is searched at its end: each below `test/e2e` that `unsearched.ts` does not name.
 * `POSTERN_SEARCH_SECRETS` says otherwise: `1` all, `0` none, for who looks for something else.
 */
export function isSearchedByDefault(
  file = process.argv[1],
  asked = process.env['POSTERN_SEARCH_SECRETS'] ?? '',
): boolean {
  if (asked !== '') return asked === '1'
  // What passes through its HTTP cannot be followed.
  if (isBun) return false
  const name = nameOf(file)
  return name !== undefined && !unsearched.has(name)
}

/** Such as `console/audit`; undefined for a file elsewhere. */
function nameOf(file = ''): string | undefined {
  const name = relative(directory, file).replaceAll(sep, '/')
  if (name.startsWith('../') || isAbsolute(name)) return undefined
  return /^(.+)\.test\.ts$/.exec(name)?.[1]
}
