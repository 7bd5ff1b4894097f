import { parseCheckpoint, parseDropped, type DroppedPart } from '../checkpoint.ts'
import { belongsIn, splitNotes, type PlacedNote } from '../note-files.ts'
import { judgeNote, parseNote, type VerifierKey } from '../signed-note.ts'
import type { Fault, FaultKind } from './fault.ts'
import type { SignedHead } from './series-check.ts'

/** A text with signed notes. */
export interface NoteText {
  readonly file: string
  readonly text: string
  /** Kept elsewhere: it has to be good, and of this log. */
  readonly isTrusted: boolean
}

/** What was signed. */
export interface Signed {
  readonly heads: ReadonlyMap<string, readonly SignedHead[]>
  readonly dropped: readonly DroppedPart[]
  /** Checkpoints with a good signature. */
  readonly checkpoints: number
  /** Of these the last one's time, RFC 3339. */
  readonly lastTime: string | undefined
  /** Notes beside the records that keys signed which are not among those given. */
  readonly byOtherKeys: number
  readonly faults: readonly Fault[]
}

export function readSigned(texts: readonly NoteText[], keys: readonly VerifierKey[]): Signed {
  const heads = new Map<string, SignedHead[]>()
  const dropped: DroppedPart[] = []
  const faults: Fault[] = []
  let checkpoints = 0
  let lastTime: string | undefined
  let byOtherKeys = 0

  function headsOf(series: string): SignedHead[] {
    const known = heads.get(series) ?? []
    heads.set(series, known)
    return known
  }

  function take({ file, isTrusted }: NoteText, { note, line }: PlacedNote): void {
    const blame = (what: FaultKind, detail: string) =>
      void faults.push({ what, file, line, detail })
    const unopened = parseNote(note)
    if (unopened === undefined) return blame('damaged-note', 'this is no signed note')
    const verdict = judgeNote(unopened, keys)
    if (verdict === 'bad-signature') return blame('bad-signature', 'its signature does not hold')
    if (verdict === 'unknown-key') {
      byOtherKeys += 1
      if (isTrusted) blame(...ofWhom(unopened.text, keys))
      return
    }
    const part = parseDropped(unopened.text)
    const checkpoint = parseCheckpoint(unopened.text)
    if (part !== undefined) return void dropped.push(part)
    if (checkpoint === undefined) return blame('damaged-note', 'it is signed, and no checkpoint')
    checkpoints += 1
    const { time } = checkpoint
    // What counts as the last is told by it.
    if (!belongsIn(file, time))
      blame('damaged-note', `this checkpoint of ${time} is of another file`)
    if (lastTime === undefined || time > lastTime) lastTime = time
    for (const [series, head] of checkpoint.heads)
      if (head.seq > 0) headsOf(series).push({ ...head, time })
    return undefined
  }

  for (const source of texts) {
    const { notes, end, damagedAt = lineBehind(source, end, notes) } = splitNotes(source.text)
    for (const note of notes) take(source, note)
    const { file, isTrusted } = source
    if (damagedAt !== undefined)
      faults.push({ what: 'damaged-note', file, line: damagedAt, detail: 'this is no signed note' })
    if (isTrusted && notes.length === 0)
      faults.push({ what: 'damaged-note', file, detail: 'there is no signed note in it' })
  }
  return { heads, dropped, checkpoints, lastTime, byOtherKeys, faults }
}

/** Where something stands behind the notes of a text: beside the records it is what a kill has left of one. */
function lineBehind(
  { text, isTrusted }: NoteText,
  end: number,
  notes: readonly PlacedNote[],
): number | undefined {
  const isCut = isTrusted && notes.length > 0 && text.slice(end).trim() !== ''
  return isCut ? text.slice(0, end).split('\n').length : undefined
}

/** A checkpoint that was kept elsewhere, and whose key is not known: of another log, or of a key that was not given. */
function ofWhom(text: string, keys: readonly VerifierKey[]): [FaultKind, string] {
  const origin = (parseCheckpoint(text) ?? parseDropped(text))?.origin
  const names = new Set(keys.map(({ name }) => name))
  if (origin === undefined || names.size === 0 || names.has(origin))
    return ['unknown-key', 'none of the keys that are known has signed it']
  return ['other-log', `it is of the log "${origin}", not of "${[...names].join('", "')}"`]
}
