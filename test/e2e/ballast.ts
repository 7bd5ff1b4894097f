import { createCipheriv, createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

/** A row of the table that the load and dump tests carry: the same in every run. */
export interface BallastRow {
  readonly id: number
  /** MD5 of `body`, so that a server can check a row by itself. */
  readonly digest: string
  readonly body: string
}

/** A row's body as it is generated and as text, in bytes: base64 makes 4 of 3. */
const rawBytes = 3_072
const bodyBytes = 4_096
const isLong = process.env['POSTERN_LONG_TESTS'] === '1'
/** Bodies of all rows, in MiB: twice the credit of a connection, and ten times as much in the long form. */
export const ballastMib = isLong ? 200 : 32
export const ballastRowCount = (ballastMib * 1024 * 1024) / bodyBytes
const rowsAtOnce = 64

/** Writes rows as a file has them, some at once; resolves to the SHA-256 of all rows. */
export async function writeBallast(
  path: string,
  head: string,
  format: (rows: readonly BallastRow[]) => string,
  tail: string,
): Promise<string> {
  const hash = createHash('sha256')
  function* text(): Generator<string> {
    yield head
    for (const rows of batches()) {
      for (const row of rows) hash.update(canonical(row))
      yield format(rows)
    }
    yield tail
  }
  await pipeline(Readable.from(text()), createWriteStream(path))
  return hash.digest('hex')
}

/** The SHA-256 of the rows in a dump, where `parse` finds those of one line. */
export async function digestOfDump(
  path: string,
  parse: (line: string) => Iterable<BallastRow>,
): Promise<string> {
  const hash = createHash('sha256')
  const lines = createInterface({ input: createReadStream(path), crlfDelay: Infinity })
  for await (const line of lines) for (const row of parse(line)) hash.update(canonical(row))
  return hash.digest('hex')
}

function canonical({ id, digest, body }: BallastRow): string {
  return `${id}\t${digest}\t${body}\n`
}

/** Bytes without a pattern that a protocol or disk could compress: the key stream of a cipher. */
function* batches(): Generator<BallastRow[]> {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16))
  const zeros = Buffer.alloc(rawBytes)
  for (let first = 0; first < ballastRowCount; first += rowsAtOnce) {
    yield Array.from({ length: Math.min(rowsAtOnce, ballastRowCount - first) }, (_, index) => {
      const body = cipher.update(zeros).toString('base64')
      return { id: first + index, digest: createHash('md5').update(body).digest('hex'), body }
    })
  }
}
