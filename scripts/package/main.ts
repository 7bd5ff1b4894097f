// `npm run package [-- NAME...]`: makes what a release offers into release/: archives for every system or those that are
// named, and packages of the kinds that are named (`wanted.ts`).
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compileExecutable } from './compile.ts'
import { releaseFiles } from './release-files.ts'
import { addSums } from './sums.ts'
import { makePackages } from './packages.ts'
import { findSystem, type System } from './systems.ts'
import { readWanted, type Wanted } from './wanted.ts'

const root = join(import.meta.dirname, '..', '..')
const release = join(root, 'release')

const wanted = readWanted(process.argv.slice(2))
const scratch = mkdtempSync(join(tmpdir(), 'postern-package-'))
try {
  await makeRelease(wanted)
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

/** Packages alone come beside what is there already; archives are a release anew. */
async function makeRelease({ systems, packages, url }: Wanted): Promise<void> {
  const dist = join(scratch, 'dist')
  execFileSync(process.execPath, [join(root, 'scripts', 'build.mjs'), dist], { stdio: 'inherit' })
  if (systems.length > 0) rmSync(release, { recursive: true, force: true })
  mkdirSync(release, { recursive: true })
  for (const system of systems) await makeArchive(system, dist)
  await makePackages(packages, {
    dist,
    release,
    url,
    executableFor: (name) => executableFor(findSystem(name), dist),
  })
}

async function makeArchive(system: System, dist: string): Promise<void> {
  const executable = readFileSync(executableFor(system, dist))
  const files = await releaseFiles(system, dist, executable)
  for (const { name, bytes } of files) {
    writeFileSync(join(release, name), bytes)
    process.stderr.write(`package: release/${name} ${bytes.length} bytes\n`)
  }
  addSums(
    release,
    files.map(({ name }) => name),
  )
}

function executableFor(system: System, dist: string): string {
  const outfile = join(scratch, system.name, system.program)
  if (!existsSync(outfile)) compileExecutable({ dist, outfile, system })
  return outfile
}
