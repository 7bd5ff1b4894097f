// What is signed: how far each series had come at a moment (a checkpoint), and which part of one was dropped for its
// age or size (a stub). The first line says which of the two it is, so that neither passes for the other.
// docs/audit.md
import type { ChainHead } from './chain.ts'

export interface Checkpoint {
  /** Names the log, and the key that signs: `gateway.example.com/audit`. */
  readonly origin: string
  /** RFC 3339. */
  readonly time: string
  /** By series. */
  readonly heads: ReadonlyMap<string, ChainHead>
}

/** Records that are there no more, and rightly. */
export interface DroppedPart {
  readonly origin: string
  /** RFC 3339. */
  readonly time: string
  readonly series: string
  /** The first and the last number of those that were dropped. */
  readonly first: number
  readonly last: number
  /** That of the last of them, which the next one names. */
  readonly lastHash: string
  /** One line. */
  readonly why: string
}

const checkpointLine = 'postern audit checkpoint v1'
const droppedLine = 'postern audit dropped v1'

export function formatCheckpoint({ origin, time, heads }: Checkpoint): string {
  const series = [...heads].map(([name, { seq, hash }]) => `${name} ${seq} ${hash}`)
  return [checkpointLine, origin, time, ...series, ''].join('\n')
}

export function formatDropped(part: DroppedPart): string {
  const { origin, time, series, first, last, lastHash, why } = part
  return [droppedLine, origin, time, `${series} ${first} ${last} ${lastHash}`, why, ''].join('\n')
}

/** Undefined when it is none. */
export function parseCheckpoint(text: string): Checkpoint | undefined {
  const [first, origin = '', time = '', ...lines] = linesOf(text)
  if (first !== checkpointLine || !isTime(time) || origin === '') return undefined
  const heads = lines.flatMap((line) => {
    const [, series, seq, hash = ''] =
      /^([a-z-]+) (0|[1-9]\d{0,14}) ([0-9a-f]{64})$/.exec(line) ?? []
    return series === undefined ? [] : [[series, { seq: Number(seq), hash }] as const]
  })
  const byName = new Map(heads)
  return byName.size === lines.length ? { origin, time, heads: byName } : undefined
}

/** Undefined when it is none. */
export function parseDropped(text: string): DroppedPart | undefined {
  const [kind, origin = '', time = '', range = '', why = '', ...more] = linesOf(text)
  const [, series, first, last, lastHash = ''] =
    /^([a-z-]+) ([1-9]\d{0,14}) ([1-9]\d{0,14}) ([0-9a-f]{64})$/.exec(range) ?? []
  if (kind !== droppedLine || !isTime(time) || series === undefined || more.length > 0)
    return undefined
  return { origin, time, series, first: Number(first), last: Number(last), lastHash, why }
}

function linesOf(text: string): readonly string[] {
  return text.endsWith('\n') ? text.slice(0, -1).split('\n') : []
}

function isTime(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/.test(text)
}
