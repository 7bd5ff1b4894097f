/** The first entry of each file, with its name: a file that was renamed is told by it. */
export const fileBegun = 'file begun'

/** The text of an entry in which the log speaks of itself. */
export function ownEntry(timeMs: number, event: string, details: object): string {
  return JSON.stringify({ time: new Date(timeMs).toISOString(), kind: 'audit', event, ...details })
}
