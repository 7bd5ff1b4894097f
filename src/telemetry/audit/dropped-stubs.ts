import { open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { placeOf } from './chain.ts'
import { formatDropped, parseDropped, type DroppedPart } from './checkpoint.ts'
import type { NoteSigner } from './note-signer.ts'
import { readLines } from './lines.ts'
import type { AuditFile } from './list-files.ts'
import { droppedFile, noteVerifierKeys, readNotes, splitNotes } from './note-files.ts'
import { readSeriesEnd, type LastRecord } from './series-end.ts'
import { parseNote } from './signed-note.ts'

/** The records that some files of a series have; undefined when none of their lines is chained. */
export async function partOf(
  files: readonly AuditFile[],
): Promise<{ readonly first: number; readonly last: LastRecord } | undefined> {
  const { last } = await readSeriesEnd(files)
  if (last === undefined) return undefined
  for (const { path } of files) {
    const first = await firstSeqOf(path)
    if (first !== undefined) return { first, last }
  }
  return undefined
}

async function firstSeqOf(path: string): Promise<number | undefined> {
  for await (const lines of readLines(path)) {
    for (const { bytes } of lines) {
      const place = placeOf(bytes)
      if (place !== undefined) return place.seq
    }
  }
  return undefined
}

/**
 * Signs that some records of a series are there no more, and rightly. Where the stub before ends at the record
 * before them it is one with this: what is missing between two stubs was not dropped by the gateway.
 */
export async function writeStub(
  directory: string,
  signer: NoteSigner,
  part: Omit<DroppedPart, 'origin'>,
): Promise<void> {
  const path = join(directory, droppedFile)
  const { notes } = splitNotes(await readNotes(path))
  const stubs = notes.map(({ note }) => ({ note, part: stubOf(note, part.series) }))
  const former = stubs.find((it) => it.part?.last === part.first - 1)
  const first = former?.part?.first ?? part.first
  const text = formatDropped({ ...part, first, origin: signer.origin })
  const { note, verifierKeys } = await signer.sign(text)
  await noteVerifierKeys(directory, verifierKeys)
  const kept = stubs.filter((it) => it !== former).map((it) => it.note)
  await replaceFile(path, [...kept, note].map((it) => `${it}\n`).join(''))
}

function stubOf(note: string, series: string): DroppedPart | undefined {
  const part = parseDropped(parseNote(note)?.text ?? '')
  return part?.series === series ? part : undefined
}

async function replaceFile(path: string, text: string): Promise<void> {
  const next = `${path}.new`
  {
    await using file = await open(next, 'w', 0o600)
    await file.writeFile(text)
    await file.datasync()
  }
  await rename(next, path)
}
