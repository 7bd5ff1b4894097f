/** Stands in whatever this program writes for a desktop, so that nobody else's file is replaced or removed. */
export const writtenBy = 'Written by "postern desktop"'

/** How far into a text it is looked for, in UTF-16 units: somebody's own file may speak of it further below. */
const headLength = 400

/** Whether a text is one that this program wrote. */
export function isOwnText(text: string): boolean {
  return text.slice(0, headLength).includes(writtenBy)
}
