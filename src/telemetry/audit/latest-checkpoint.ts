import { parseCheckpoint, type Checkpoint } from './checkpoint.ts'
import { belongsIn, listCheckpointFiles, readNotes, splitNotes } from './note-files.ts'
import type { NoteSigner } from './note-signer.ts'
import { judgeNote, parseNote, parseVerifierKey, type VerifierKey } from './signed-note.ts'

/** What a checkpoint says, whoever has signed it. */
export function checkpointOf(note: string): Checkpoint | undefined {
  const unopened = parseNote(note)
  return unopened && parseCheckpoint(unopened.text)
}

/**
 * The checkpoint of a directory that says most, of the last day that has one; undefined when there is none. Where it
 * stands proves nothing: an earlier one, put behind it or into the file of a day to come, must not be kept
 * elsewhere in its place. With `keys` only those count that one of them has signed.
 */
export async function latestCheckpoint(
  directory: string,
  keys?: readonly VerifierKey[],
): Promise<string | undefined> {
  for (const { name, path } of (await listCheckpointFiles(directory)).toReversed()) {
    const { notes } = splitNotes(await readNotes(path))
    const latest = latestOf(
      notes.map(({ note }) => note),
      name,
      keys,
    )
    if (latest !== undefined) return latest
  }
  return undefined
}

/**
 * The keys by which a gateway judges its own checkpoints; undefined as long as it has none. A database that cannot be
 * asked for them, as one that is closed already, keeps no record from being kept: no checkpoint is believed then.
 */
export async function keysOf(
  signer: NoteSigner | undefined,
): Promise<readonly VerifierKey[] | undefined> {
  const keys = await signer?.verifierKeys().catch(() => [])
  return keys?.flatMap((key) => parseVerifierKey(key) ?? [])
}

function latestOf(
  notes: readonly string[],
  name: string,
  keys: readonly VerifierKey[] | undefined,
): string | undefined {
  return notes
    .flatMap((note, index) => {
      const checkpoint = checkpointOf(note)
      if (checkpoint === undefined || !belongsIn(name, checkpoint.time)) return []
      return [{ note, index, records: recordsOf(checkpoint) }]
    })
    .toSorted((a, b) => b.records - a.records || b.index - a.index)
    .find(({ note }) => keys === undefined || isGood(note, keys))?.note
}

function isGood(note: string, keys: readonly VerifierKey[]): boolean {
  const unopened = parseNote(note)
  return unopened !== undefined && judgeNote(unopened, keys) === 'good'
}

/** How many records there have been in all series: what never becomes less, as a clock may. */
function recordsOf({ heads }: Checkpoint): number {
  return [...heads.values()].reduce((sum, { seq }) => sum + seq, 0)
}
