import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { z } from 'zod'
import { SystemError, messageOf } from '../errors.ts'

/** What a backup is, and what is in it: `manifest.json`, which is written last. */
export const manifestName = 'manifest.json'

const manifest = z.object({
  format: z.literal(1),
  /** The release that made it. */
  version: z.string(),
  made_at: z.iso.datetime(),
  /** Each by its path in the backup, with `/`. */
  files: z.record(z.string(), z.object({ bytes: z.int().min(0), sha256: z.string() })),
})
export type Manifest = z.output<typeof manifest>

/** Parts of paths that lead nowhere else. */
const plainPath = /^(?!\.{1,2}(?:\/|$))[\w.-]+(?:\/(?!\.{1,2}(?:\/|$))[\w.-]+)*$/

/**
 * Reads what a backup says of itself.
 *
 * @throws SystemError `backup-unusable`
 */
export async function readManifest(directory: string): Promise<Manifest> {
  let parsed: Manifest
  try {
    parsed = manifest.parse(JSON.parse(await readFile(join(directory, manifestName), 'utf8')))
  } catch (error) {
    throw unusable(directory, `it has no "${manifestName}" that can be read`, error)
  }
  const odd = Object.keys(parsed.files).find((path) => !plainPath.test(path))
  if (odd !== undefined) throw unusable(directory, `it names a file "${odd}" outside of it`)
  return parsed
}

/** How many bytes a file has, and what they are. */
export async function digestOf(path: string): Promise<Manifest['files'][string]> {
  const hash = createHash('sha256')
  let bytes = 0
  await pipeline(createReadStream(path), async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) {
      bytes += chunk.length
      hash.update(chunk)
    }
  })
  return { bytes, sha256: hash.digest('hex') }
}

export function unusable(directory: string, why: string, cause?: unknown): SystemError {
  const more = cause === undefined ? '' : `: ${messageOf(cause)}`
  return new SystemError('backup-unusable', `"${directory}" is no whole backup: ${why}${more}`, {
    cause,
    hint: 'take another one; "postern gateway backup" makes them',
  })
}
