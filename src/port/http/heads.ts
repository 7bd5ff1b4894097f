/**
 * Most fields of one request.
 *
 * @limit fields of a request's head: 431 `head_too_large`; over HTTP/2 the stream may be reset
 * instead
 */
export const maxHeaderFields = 200
/**
 * Most bytes of one request's head, names and values.
 *
 * @limit the head of a request: 431 `head_too_large`; over HTTP/2 the connection may be closed
 * instead
 */
export const maxHeaderBytes = 32 * 1024

/** Whether a head is too large: Node drops fields over HTTP/1.1, and counts no bytes over HTTP/2. */
export function isOversized(rawHeaders: readonly string[]): boolean {
  if (rawHeaders.length > 2 * maxHeaderFields) return true
  return headBytes(rawHeaders) > maxHeaderBytes
}

/** What a head holds, names and values, in UTF-16 units: one for each byte that HTTP allows. */
export function headBytes(rawHeaders: readonly string[]): number {
  return rawHeaders.reduce((bytes, text) => bytes + text.length, 0)
}
