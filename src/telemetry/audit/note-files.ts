import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { systemCode } from '../../errors.ts'
import { readText } from './open-to-read.ts'

/** A file of signed notes, beside those of the records. */
export interface NoteFile {
  readonly name: string
  readonly path: string
}

/** The stubs of what was dropped. */
export const droppedFile = 'dropped.txt'
/** Verifier keys, one a line: whoever checks goes by one that was kept elsewhere. */
export const keysFile = 'keys.txt'
const checkpointName = /^checkpoints-\d{4}-\d{2}-\d{2}\.txt$/

/** The file for the checkpoints of a day, in UTC. */
export function checkpointFile(directory: string, day: string): NoteFile {
  const name = `checkpoints-${day}.txt`
  return { name, path: join(directory, name) }
}

/** Whether a checkpoint of some time, RFC 3339, belongs in a file; an export, or a file kept elsewhere, has any. */
export function belongsIn(name: string, time: string): boolean {
  return !checkpointName.test(name) || name === checkpointFile('', time.slice(0, 10)).name
}

/** Oldest first; none when there is no directory. */
export async function listCheckpointFiles(directory: string): Promise<readonly NoteFile[]> {
  const names = await readdir(directory).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return []
    throw error
  })
  return names
    .filter((name) => checkpointName.test(name))
    .toSorted()
    .map((name) => ({ name, path: join(directory, name) }))
}

/** The notes of a text, one behind the other with a blank line between them. */
export interface Notes {
  readonly notes: readonly PlacedNote[]
  /** Where the last whole one ends, with the blank line behind it. */
  readonly end: number
  /** The line at which something stands between them that is none; undefined when nothing does. */
  readonly damagedAt: number | undefined
}

export interface PlacedNote {
  readonly note: string
  /** From 1. */
  readonly line: number
}

/** No note has so many lines as it looks at: what is none is not looked through again from each of its lines. */
const noteBlock = /postern audit [^\n]*\n(?:[^\n]+\n){1,32}\n(?:— [^\n]*\n){1,32}\n?/y

/**
 * Far more than the checkpoints of a day.
 *
 * @limit a file of checkpoints or stubs of the audit log: it is not read, and that is told
 */
export const maxNotesBytes = 64 * 1024 * 1024

export function splitNotes(text: string): Notes {
  const notes: PlacedNote[] = []
  let damagedAt: number | undefined
  let end = 0
  const lineAt = lineCounter(text)
  for (let at = 0; at < text.length;) {
    noteBlock.lastIndex = at
    const [block] = noteBlock.exec(text) ?? []
    if (block !== undefined) {
      if (end !== at) damagedAt ??= lineAt(end)
      notes.push({ note: `${block.trimEnd()}\n`, line: lineAt(at) })
      end = at + block.length
    }
    const next = text.indexOf('\npostern audit ', block === undefined ? at : end - 1)
    at = next < 0 ? text.length : next + 1
  }
  return { notes, end, damagedAt }
}

/** Numbers lines by offsets that never become less. */
function lineCounter(text: string): (offset: number) => number {
  let line = 1
  let counted = 0
  return (offset) => {
    for (
      let at = text.indexOf('\n', counted);
      at >= 0 && at < offset;
      at = text.indexOf('\n', counted)
    ) {
      line += 1
      counted = at + 1
    }
    return line
  }
}

/** Reads a file of notes; an empty text when there is none. */
export async function readNotes(path: string): Promise<string> {
  return readText(path, maxNotesBytes).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return ''
    throw error
  })
}

/** The public keys beside the records, in the order of their first use. */
export async function readVerifierKeys(directory: string): Promise<readonly string[]> {
  const text = await readNotes(join(directory, keysFile))
  return text.split('\n').filter((line) => line !== '')
}

/** Notes the public keys that have signed, each once. */
export async function noteVerifierKeys(directory: string, keys: readonly string[]): Promise<void> {
  const path = join(directory, keysFile)
  const known = await readVerifierKeys(directory)
  const further = keys.filter((key) => !known.includes(key))
  if (further.length === 0) return
  await using file = await open(path, 'a', 0o600)
  await file.appendFile(`${further.join('\n')}\n`)
  await file.datasync()
}

/** Appends a note, behind what is whole; resolves when it is on the disk. */
export async function appendNote(path: string, note: string): Promise<void> {
  const before = Buffer.from(await readNotes(path))
  const { end } = splitNotes(before.toString())
  const whole = Buffer.byteLength(before.toString().slice(0, end))
  await using file = await open(path, 'a', 0o600)
  // What a kill has left of one would spoil the next.
  if (whole < before.length) await file.truncate(whole)
  await file.appendFile(`${note}\n`)
  await file.datasync()
}
