/** The first entry of each file, with its name: a file that was renamed is told by it. */
export const fileBegun = 'file begun'
/** Of lines before the chain, which an earlier release wrote, and of such that stand behind it: how many. */
export const begunBehindLines = 'chain begun behind lines without one'
export const linesFound = 'lines found that are not chained'

/** Old records went, with a signed stub. */
export const recordsDropped = 'records dropped'

/** Entries of the series that could not be kept, before this one: a full or a slow disk. */
export const entriesLost = 'entries lost'

/** The text of an entry in which the log speaks of itself. */
export function ownEntry(timeMs: number, event: string, details: object): string {
  return JSON.stringify({ time: new Date(timeMs).toISOString(), kind: 'audit', event, ...details })
}

/** Whether a record tells of the lines before it that are not chained; of those before the chain some may be dropped. */
export function tellsOfLines(record: Buffer, count: number, isFirst: boolean): boolean {
  const event = isFirst ? begunBehindLines : linesFound
  const told = new RegExp(`"event":"${event}","lines":(\\d+)\\}$`).exec(record.toString('latin1'))
  const lines = Number(told?.[1] ?? -1)
  return isFirst ? lines >= count : lines === count
}
