import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { emptyChain, lineHash, placeOf, type ChainHead } from './chain.ts'
import { readLines } from './lines.ts'
import type { AuditFile } from './list-files.ts'
import { openToRead } from './open-to-read.ts'

/** A record, and when it was made as it says itself, RFC 3339. */
export interface LastRecord extends ChainHead {
  readonly time: string
}

/** What stands at the end of the files of a series. */
export interface SeriesEnd {
  /** The last line that is chained. */
  readonly last: LastRecord | undefined
  /** That of the last line that is chained. */
  readonly head: ChainHead
  /** Lines without a number behind it, or all: an earlier release wrote them. */
  readonly unchainedLines: number
}

/**
 * Removes what stands behind the last newline of a file, as a kill or a full disk leaves it; answers its bytes. Nothing
 * that a link leads to is cut.
 */
export async function cutTornEnd(path: string): Promise<number> {
  const { size, wholeBytes } = await lastLineOf(path)
  if (wholeBytes === size) return 0
  const noFollow = (constants.O_NOFOLLOW as number | undefined) ?? 0
  await using file = await open(path, constants.O_RDWR | noFollow)
  await file.truncate(wholeBytes)
  return size - wholeBytes
}

/** Reads where a series ends, from its files, oldest first. */
export async function readSeriesEnd(files: readonly AuditFile[]): Promise<SeriesEnd> {
  let unchainedLines = 0
  for (const { path } of files.toReversed()) {
    const { line } = await lastLineOf(path)
    if (line === undefined) continue
    const head = headOf(line)
    const found = head === undefined ? await lastChained(path) : { head, after: 0 }
    unchainedLines += found.after
    if (found.head !== undefined) return { head: found.head, last: found.head, unchainedLines }
  }
  return { head: emptyChain, last: undefined, unchainedLines }
}

/** Of a file whose last line has no number: the last that has one, and how many follow it. */
async function lastChained(
  path: string,
): Promise<{ readonly head: LastRecord | undefined; readonly after: number }> {
  let head: LastRecord | undefined
  let after = 0
  for await (const lines of readLines(path)) {
    for (const { bytes } of lines) {
      const found = headOf(bytes)
      head = found ?? head
      after = found === undefined ? after + 1 : 0
    }
  }
  return { head, after }
}

function headOf(line: Buffer): LastRecord | undefined {
  const place = placeOf(line)
  return place && { seq: place.seq, hash: lineHash(line), time: place.time }
}

interface LastLine {
  readonly size: number
  /** Up to and with the last newline. */
  readonly wholeBytes: number
  /** The last whole line, without its newline. */
  readonly line: Buffer | undefined
}

const stepBytes = 64 * 1024

/** Reads a file from its end on, as far as need be. */
async function lastLineOf(path: string): Promise<LastLine> {
  await using file = await openToRead(path)
  const { size } = await file.stat()
  let bytes = Buffer.alloc(0)
  for (;;) {
    const end = bytes.lastIndexOf(0x0a)
    const start = end <= 0 ? -1 : bytes.lastIndexOf(0x0a, end - 1)
    const from = size - bytes.length
    if (start >= 0 || from === 0) {
      const line = end < 0 ? undefined : bytes.subarray(start + 1, end)
      return { size, wholeBytes: end < 0 ? from : from + end + 1, line }
    }
    const step = Math.min(stepBytes, from)
    bytes = Buffer.concat([await readAt(file, from - step, step), bytes])
  }
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length)
  const { bytesRead } = await file.read(bytes, 0, length, position)
  if (bytesRead < length) throw new Error('it became shorter while it was read')
  return bytes
}
