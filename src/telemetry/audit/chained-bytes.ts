import { lineHash, placeOf, type ChainHead } from './chain.ts'
import { readLines } from './lines.ts'
import type { AuditFile } from './list-files.ts'

/**
 * Bytes of the records of each file, those of a series, oldest first: as far as their chain holds. What somebody else
 * has put there pushes nothing out.
 */
export async function chainedBytes(
  files: readonly AuditFile[],
): Promise<(file: AuditFile) => number> {
  const bytes = new Map<string, number>()
  let head: ChainHead | undefined
  let isBroken = false
  for (const { path, name } of files) {
    for await (const lines of readLines(path)) {
      for (const { bytes: line } of lines) {
        const place = placeOf(line)
        if (place === undefined) continue
        const { seq, prev } = place
        isBroken ||= head !== undefined && (seq !== head.seq + 1 || prev !== head.hash)
        if (isBroken) break
        head = { seq, hash: lineHash(line) }
        bytes.set(name, (bytes.get(name) ?? 0) + line.length + 1)
      }
      if (isBroken) break
    }
    if (isBroken) break
  }
  return ({ name }) => bytes.get(name) ?? 0
}
