/** A file of an archive. */
export interface ArchiveFile {
  /** With `/` between folders, in ASCII. */
  readonly path: string
  readonly bytes: Buffer
  readonly isExecutable?: boolean
}

/** In their order by bytes, which no locale changes. */
export function inOrder(files: readonly ArchiveFile[]): ArchiveFile[] {
  return files.toSorted((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)))
}

/**
 * When all files of a release are from, in seconds since 1970: `SOURCE_DATE_EPOCH`, or 1985-10-26 08:15 UTC as in npm's
 * packages, of which no program thinks that it cannot be.
 *
 * @see https://reproducible-builds.org/docs/source-date-epoch/
 */
export function sourceDateSeconds(): number {
  const text = process.env['SOURCE_DATE_EPOCH'] ?? '499162500'
  if (!/^\d{1,10}$/.test(text))
    throw new Error(`SOURCE_DATE_EPOCH is "${text}", and must be seconds since 1970`)
  return Number(text)
}
