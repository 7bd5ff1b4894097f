import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

const builder = join(import.meta.dirname, '..', '..', 'scripts', 'build-web.mjs')

/** Builds the browser's pages unless they are; before a gateway starts, which reads them then. */
export function ensurePagesBuilt(): void {
  execFileSync(process.execPath, [builder, '--if-stale'], { stdio: 'pipe' })
}
