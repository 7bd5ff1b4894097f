import { parseCheckpoint, type Checkpoint } from './checkpoint.ts'
import { belongsIn, listCheckpointFiles, readNotes, splitNotes } from './note-files.ts'
import { parseNote } from './signed-note.ts'

/** What a checkpoint says, whoever has signed it. */
export function checkpointOf(note: string): Checkpoint | undefined {
  const unopened = parseNote(note)
  return unopened && parseCheckpoint(unopened.text)
}

/**
 * The checkpoint of a directory that says most, of the last day that has one; undefined when there is none. Where it
 * stands proves nothing: an earlier one, put behind it or into the file of a day to come, must not be kept
 * elsewhere in its place.
 */
export async function latestCheckpoint(directory: string): Promise<string | undefined> {
  for (const { name, path } of (await listCheckpointFiles(directory)).toReversed()) {
    const { notes } = splitNotes(await readNotes(path))
    const latest = latestOf(
      notes.map(({ note }) => note),
      name,
    )
    if (latest !== undefined) return latest
  }
  return undefined
}

function latestOf(notes: readonly string[], name: string): string | undefined {
  let latest: string | undefined
  let most = -1
  for (const note of notes) {
    const checkpoint = checkpointOf(note)
    if (checkpoint === undefined || !belongsIn(name, checkpoint.time)) continue
    const records = recordsOf(checkpoint)
    if (records >= most) [latest, most] = [note, records]
  }
  return latest
}

/** How many records there have been in all series: what never becomes less, as a clock may. */
function recordsOf({ heads }: Checkpoint): number {
  return [...heads.values()].reduce((sum, { seq }) => sum + seq, 0)
}
