/** Part of a file: its first byte, and the one behind its last. */
export interface ByteRange {
  readonly from: number
  readonly to: number
}

/**
 * What a `Range` field asks for, of a file of so many bytes; `beyond` where there is nothing of it. Undefined for the
 * whole file, which is also the answer to several ranges and to units that nobody knows.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-14.2
 */
export function parseRange(
  field: string | undefined,
  bytes: number,
): ByteRange | 'beyond' | undefined {
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(field?.trim() ?? '') ?? []
  if (first === '' && last === '') return undefined
  if (first === '') {
    const from = Math.max(bytes - Number(last), 0)
    return from < bytes ? { from, to: bytes } : 'beyond'
  }
  const from = Number(first)
  const to = last === '' ? bytes : Math.min(Number(last) + 1, bytes)
  // The other way round it is no range at all, and is ignored.
  if (last !== '' && Number(last) < from) return undefined
  return from < bytes ? { from, to } : 'beyond'
}
