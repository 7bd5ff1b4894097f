// Builds the release into dist/: the program and the browser's pages. Plain JavaScript, so that any Node.js that runs
// npm runs it.
import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildProgram } from './build-program.mjs'
import { buildWeb } from './build-web.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
/** `node scripts/build.mjs [DIRECTORY]`. */
const outdir = resolve(process.argv[2] ?? join(root, 'dist'))

checkVersion()
await buildProgram(outdir)
await buildWeb(outdir)

/** The version is in two places: package.json for npm, src/version.ts so that no start reads a file for it. */
function checkVersion() {
  const wanted = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version
  const source = readFileSync(join(root, 'src', 'version.ts'), 'utf8')
  const found = /export const version = '([^']*)'/.exec(source)?.[1]
  if (found === wanted) return
  process.stderr.write(
    `build: error: src/version.ts says "${found}", package.json says "${wanted}"\n`,
  )
  process.exit(1)
}
