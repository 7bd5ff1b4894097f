import type { FileHandle } from 'node:fs/promises'
import { systemCode } from '../../errors.ts'
import { listAuditFiles } from './list-files.ts'
import { openToRead } from './open-to-read.ts'
import { parseEntry, type KeptEntry } from './read-audit.ts'

/**
 * Reads what was decided about people and service accounts back to a moment, newest first: whoever stops on the way has
 * the last. Of strangers there is nothing. The gateway may be writing meanwhile.
 */
export async function* readNewestDecisions(
  directory: string,
  sinceMs: number,
): AsyncGenerator<KeptEntry> {
  const since = new Date(sinceMs).toISOString()
  const files = (await listAuditFiles(directory)).filter(
    ({ series, day }) => series === 'decisions' && day >= since.slice(0, 10),
  )
  for (const { path } of files.toReversed()) {
    const file = await openToRead(path).catch((error: unknown) => {
      // The gateway has let go of it meanwhile.
      if (systemCode(error) === 'ENOENT') return undefined
      throw error
    })
    if (file === undefined) continue
    try {
      for await (const line of linesBackward(file)) {
        const entry = parseEntry(line)
        if (entry !== undefined && entry.time >= since) yield entry
      }
    } finally {
      await file.close()
    }
  }
}

const newline = 0x0a
const chunkBytes = 128 * 1024

/** @limit none: bytes of a line of the audit log that is read backwards; no entry is as long, and a longer one is left out */
const maxLineBytes = 4 * 1024 * 1024

/** The lines that a file has now, the last first. */
async function* linesBackward(file: FileHandle): AsyncGenerator<string> {
  let { size: end } = await file.stat()
  /** The end of a line that begins further up. */
  let rest = Buffer.alloc(0)
  while (end > 0) {
    const start = Math.max(0, end - chunkBytes)
    const chunk = Buffer.allocUnsafe(end - start)
    const { bytesRead } = await file.read(chunk, 0, chunk.length, start)
    const bytes = Buffer.concat([chunk.subarray(0, bytesRead), rest])
    const from = start === 0 ? 0 : bytes.indexOf(newline) + 1
    // Without a newline in it all of it belongs to that line.
    const isWithin = start > 0 && from === 0
    rest = isWithin ? bytes : bytes.subarray(0, Math.max(from - 1, 0))
    if (rest.length > maxLineBytes) rest = Buffer.alloc(0)
    end = start
    if (isWithin) continue
    const lines = bytes.subarray(from).toString().split('\n')
    for (const line of lines.toReversed()) if (line !== '') yield line
  }
}
