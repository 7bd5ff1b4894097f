import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { checksumsName, formatChecksums, parseChecksums } from '../../src/downloads/checksums.ts'

/** Adds the checksums of files of a release, in the place of those of before where there are any of the same name. */
export function addSums(release: string, names: readonly string[]): void {
  const path = join(release, checksumsName)
  const sums = new Map(existsSync(path) ? readSums(path) : [])
  for (const name of names) {
    sums.set(
      name,
      createHash('sha256')
        .update(readFileSync(join(release, name)))
        .digest('hex'),
    )
  }
  writeFileSync(path, formatChecksums([...sums].map(([name, sha256]) => ({ name, sha256 }))))
}

/**
 * The checksums of a release, by the name of the file.
 *
 * @throws Error when something else is in that file.
 */
export function readSums(path: string): ReadonlyMap<string, string> {
  const { byName, faults } = parseChecksums(readFileSync(path, 'utf8'))
  if (faults.length > 0) throw new Error(`"${path}" cannot be used: ${faults.join(', ')}`)
  return byName
}
