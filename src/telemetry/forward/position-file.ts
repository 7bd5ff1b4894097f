import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { systemCode } from '../../errors.ts'
import { auditSeries } from '../audit/keeper.ts'
import type { Position } from './record.ts'

const place = z.strictObject({
  file: z.string(),
  offset: z.int().min(0),
  seq: z.int().min(0),
  hash: z.string(),
})

const positionFile = z.strictObject({
  version: z.literal(1),
  series: z.partialRecord(z.enum(auditSeries), place),
})

/**
 * Where a destination was; nowhere when there is no file. `undefined` for a file that cannot be understood: then
 * everything that is kept is sent again.
 */
export async function readPosition(path: string): Promise<Position | undefined> {
  try {
    return positionFile.parse(JSON.parse(await readFile(path, 'utf8'))).series
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return {}
    if (systemCode(error) !== undefined) throw error
    return undefined
  }
}

/** Writes it in one step, for the owner alone: after a power cut there is the old one or the new. */
export async function writePosition(path: string, series: Position): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const draft = `${path}.new`
  await using file = await open(draft, 'w', 0o600)
  await file.writeFile(`${JSON.stringify({ version: 1, series })}\n`)
  await file.datasync()
  await rename(draft, path)
}
