import assert from 'node:assert/strict'
import { join } from 'node:path'
import { runProgramSync } from '../../src/program.fixture.ts'

const builder = join(import.meta.dirname, '..', '..', 'scripts', 'build-web.mjs')

// `scripts/run.mjs` has built them just before, with what it names there.
let areBuilt = process.env['POSTERN_BUILT'] !== undefined

/** Builds the browser's pages unless they are; before a gateway starts, which reads them then. */
export function ensurePagesBuilt(): void {
  if (areBuilt) return
  const { status, stderr } = runProgramSync(process.execPath, [builder, '--if-stale'])
  assert.equal(status, 0, stderr)
  areBuilt = true
}
