// `npm run package [-- SYSTEM...]`: makes what a release offers into release/, for every system or those that are named.
import { createHash } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compileExecutable } from './compile.ts'
import { releaseFiles } from './release-files.ts'
import { findSystem, systems } from './systems.ts'

const root = join(import.meta.dirname, '..', '..')
const release = join(root, 'release')

const named = process.argv.slice(2).map(findSystem)
const scratch = mkdtempSync(join(tmpdir(), 'postern-package-'))
try {
  await makeRelease(named.length > 0 ? named : systems)
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

async function makeRelease(wanted: typeof systems): Promise<void> {
  const dist = join(scratch, 'dist')
  execFileSync(process.execPath, [join(root, 'scripts', 'build.mjs'), dist], { stdio: 'inherit' })
  rmSync(release, { recursive: true, force: true })
  mkdirSync(release)
  const sums: string[] = []
  for (const system of wanted) {
    const outfile = join(scratch, system.name, system.program)
    compileExecutable({ dist, outfile, system })
    for (const { name, bytes } of await releaseFiles(system, dist, readFileSync(outfile))) {
      writeFileSync(join(release, name), bytes)
      sums.push(`${createHash('sha256').update(bytes).digest('hex')}  ${name}\n`)
      process.stderr.write(`package: release/${name} ${bytes.length} bytes\n`)
    }
  }
  writeFileSync(join(release, 'SHA256SUMS'), sums.join(''))
}
