import { parseCheckpoint, type Checkpoint } from './checkpoint.ts'
import { listCheckpointFiles, readNotes, splitNotes } from './note-files.ts'
import { parseNote } from './signed-note.ts'

/** What a checkpoint says, whoever has signed it. */
export function checkpointOf(note: string): Checkpoint | undefined {
  const unopened = parseNote(note)
  return unopened && parseCheckpoint(unopened.text)
}

/** The last whole checkpoint of a directory; undefined when there is none. */
export async function latestCheckpoint(directory: string): Promise<string | undefined> {
  for (const { path } of (await listCheckpointFiles(directory)).toReversed()) {
    const last = splitNotes(await readNotes(path)).notes.at(-1)
    if (last !== undefined) return last.note
  }
  return undefined
}
