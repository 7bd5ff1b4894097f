import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { completionScript } from '../../src/cli/completion/shell-scripts.ts'
import { version } from '../../src/version.ts'
import { type ArchiveFile, sourceDateSeconds } from './archive/archive-file.ts'
import { tarGz } from './archive/tar.ts'
import { zip } from './archive/zip.ts'
import { componentsOf } from './contents.ts'
import { thirdPartyLicenses } from './licenses.ts'
import { limits } from './limits.ts'
import { manPage } from './man-page.ts'
import { billOfMaterials } from './sbom.ts'
import type { System } from './systems.ts'

const root = join(import.meta.dirname, '..', '..')

/** Something that a release offers for download. */
export interface ReleaseFile {
  readonly name: string
  readonly bytes: Buffer
}

/**
 * What a release offers for one system: an archive, and its bill of materials, which the archive has as well.
 *
 * @throws Error when one is larger than promised, or something in it has no text of its licence.
 */
export async function releaseFiles(
  system: System,
  dist: string,
  executable: Buffer,
): Promise<readonly ReleaseFile[]> {
  const base = `postern-${version}-${system.name}`
  const components = componentsOf(dist)
  const bill = billOfMaterials({ version, license: 'Apache-2.0', system }, components)
  const bom = Buffer.from(`${JSON.stringify(bill, null, 2)}\n`)
  const files: readonly ArchiveFile[] = [
    { path: system.program, bytes: executable, isExecutable: true },
    ...['LICENSE', 'README.md'].map((name) => ({
      path: name,
      bytes: readFileSync(join(root, name)),
    })),
    { path: 'THIRD-PARTY-LICENSES', bytes: Buffer.from(thirdPartyLicenses(components)) },
    { path: 'postern.cdx.json', bytes: bom },
    { path: 'man/postern.1', bytes: Buffer.from(await manPage()) },
    { path: 'completions/postern.bash', bytes: Buffer.from(completionScript('bash')) },
    { path: 'completions/_postern', bytes: Buffer.from(completionScript('zsh')) },
    { path: 'completions/postern.fish', bytes: Buffer.from(completionScript('fish')) },
    { path: 'completions/postern.ps1', bytes: Buffer.from(completionScript('powershell')) },
  ]
  const isWindows = system.program === 'postern.exe'
  const inFolder = files.map((file) => ({ ...file, path: `${base}/${file.path}` }))
  const archive = (isWindows ? zip : tarGz)(inFolder, sourceDateSeconds())
  holdLimit(executable, limits.executableBytes, `the executable for ${system.name}`)
  holdLimit(archive, limits.archiveBytes, `the archive for ${system.name}`)
  return [
    { name: `${base}.${isWindows ? 'zip' : 'tar.gz'}`, bytes: archive },
    { name: `${base}.cdx.json`, bytes: bom },
  ]
}

function holdLimit({ length }: Buffer, maxBytes: number, what: string): void {
  if (length > maxBytes) throw new Error(`${what} has ${length} bytes, more than ${maxBytes}`)
}
