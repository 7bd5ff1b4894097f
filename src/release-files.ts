import { basename } from 'node:path'
import { pathToFileURL } from 'node:url'

/**
 * Where the release has what the program finds by its name: threads, pages. Undefined where it runs from its sources.
 *
 * They lie beside the entry file, one above the chunks, of which this module is one: so `scripts/build-program.mjs` puts
 * them, and `scripts/package/compile.ts` into an executable.
 */
export const releaseFolder: URL | undefined = import.meta.url.endsWith('.ts')
  ? undefined
  : new URL('../', import.meta.url)

/**
 * What `scripts/run.mjs` has built of these very sources, for tests that run them: a thread is there in a third of the
 * time that it takes from the sources, of which Node.js reads each file. Some tests start one each.
 */
const builtForTests = process.env['POSTERN_BUILT']

/** The file that a thread starts with: its source, or what the release makes of it under the same name. */
export function threadFile(source: URL): URL {
  const name = basename(source.pathname).replace(/\.ts$/, '.js')
  if (releaseFolder !== undefined) return new URL(name, releaseFolder)
  return builtForTests === undefined ? source : new URL(name, pathToFileURL(builtForTests))
}
