import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { checksumsName, formatChecksums } from './checksums.ts'

export interface Release {
  readonly directory: string
  path(name: string): string
  /** Writes the list of checksums for these contents; says of files what they hold, whether or not they do. */
  sum(files: Readonly<Record<string, string | Uint8Array>>): Promise<void>
  /** Writes the files, and the list. */
  write(files: Readonly<Record<string, string | Uint8Array>>): Promise<void>
}

export function sha256Of(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}

/** An empty directory for executables, until the end of the test. */
export async function createRelease(t: Pick<TestContext, 'after'>): Promise<Release> {
  const directory = await mkdtemp(join(tmpdir(), 'postern-downloads-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  const path = (name: string): string => join(directory, name)
  const sum: Release['sum'] = (files) => {
    const sums = Object.entries(files).map(([name, content]) => ({
      name,
      sha256: sha256Of(content),
    }))
    return writeFile(path(checksumsName), formatChecksums(sums))
  }
  return {
    directory,
    path,
    sum,
    async write(files) {
      for (const [name, content] of Object.entries(files)) await writeFile(path(name), content)
      await sum(files)
    },
  }
}
