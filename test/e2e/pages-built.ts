import assert from 'node:assert/strict'
import { join } from 'node:path'
import { runProgramSync } from '../../src/program.fixture.ts'

const builder = join(import.meta.dirname, '..', '..', 'scripts', 'build-web.mjs')

let areBuilt = false

/** Builds the browser's pages unless they are; before a gateway starts, which reads them then. */
export function ensurePagesBuilt(): void {
  if (areBuilt) return
  const { status, stderr } = runProgramSync(process.execPath, [builder, '--if-stale'])
  assert.equal(status, 0, stderr)
  areBuilt = true
}
