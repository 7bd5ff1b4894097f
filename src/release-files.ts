import { basename } from 'node:path'

/**
 * Where the release has what the program finds by its name: threads, pages. Undefined where it runs from its sources.
 *
 * They lie beside the entry file, one above the chunks, of which this module is one: so `scripts/build-program.mjs` puts
 * them, and `scripts/package/compile.ts` into an executable.
 */
export const releaseFolder: URL | undefined = import.meta.url.endsWith('.ts')
  ? undefined
  : new URL('../', import.meta.url)

/** The file that a thread starts with: its source, or what the release makes of it under the same name. */
export function threadFile(source: URL): URL {
  if (releaseFolder === undefined) return source
  return new URL(basename(source.pathname).replace(/\.ts$/, '.js'), releaseFolder)
}
