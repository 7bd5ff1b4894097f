/** What a head holds, names and values, in UTF-16 units: one for each byte that HTTP allows. */
export function headBytes(rawHeaders: readonly string[]): number {
  return rawHeaders.reduce((bytes, text) => bytes + text.length, 0)
}
