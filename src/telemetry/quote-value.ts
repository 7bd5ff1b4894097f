/** A value in a line for people: where it ends is seen, so that none looks like several or like words of the line. */
export function quoteValue(text: string): string {
  return /[\s"'=()]/.test(text) ? `"${text.replaceAll('"', String.raw`\"`)}"` : text
}
