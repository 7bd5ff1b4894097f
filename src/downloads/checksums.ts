/** The file of a directory that names the others. */
export const checksumsName = 'SHA256SUMS'

/**
 * Far more files than one release has.
 *
 * @limit files that `SHA256SUMS` of `downloads` names: those behind are not handed out
 */
const maxFiles = 200

/** One file name and its checksum, as `sha256sum` writes them: two spaces, or one and an asterisk. */
const shape = /^([0-9a-f]{64}) [ *]([A-Za-z0-9][\w.+~-]{0,199})$/i

export interface Checksums {
  /** Lower-case hex, by the name of the file. */
  readonly byName: ReadonlyMap<string, string>
  /** What cannot be used of them, one sentence each. */
  readonly faults: readonly string[]
}

/** Reads a list of checksums: the names of it are the only ones that are ever opened. */
export function parseChecksums(text: string): Checksums {
  const byName = new Map<string, string>()
  const faults: string[] = []
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '') continue
    const [, sha256, name] = shape.exec(line) ?? []
    if (sha256 === undefined || name === undefined)
      faults.push(`line ${index + 1} is no checksum and name of a file beside it`)
    else if (byName.size >= maxFiles) {
      faults.push(`it names more than ${maxFiles} files`)
      break
    } else byName.set(name, sha256.toLowerCase())
  }
  return { byName, faults }
}

/** The list that `sha256sum --check` reads. */
export function formatChecksums(
  files: Iterable<{ readonly name: string; readonly sha256: string }>,
): string {
  return [...files].map(({ name, sha256 }) => `${sha256}  ${name}\n`).join('')
}
