/** Stands in whatever this program writes for a desktop, so that nobody else's file is replaced or removed. */
export const writtenBy = 'Written by "postern desktop"'

/** How far into a text it is looked for, in UTF-16 units: somebody's own file may speak of it further below. */
const headLength = 400

/** The same for one thing of several, by its id: letters, digits and `-`. */
export function markOf(id: string | undefined): string {
  return id === undefined ? writtenBy : `${writtenBy}: ${id}`
}

/** Whether a text is one that this program wrote; with `id`, for just that. */
export function isOwnText(text: string, id?: string): boolean {
  const head = text.slice(0, headLength)
  if (id === undefined) return head.includes(writtenBy)
  return head.split(/\r?\n/).some((line) => line.endsWith(markOf(id)))
}
