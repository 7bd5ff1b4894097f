// What certificates and revocation lists are written in, so far as a few of their parts need it: the library that reads all
// of it takes a fifth of a second to load.

/** An element of DER (X.690 8.1): its content lies between the two places. */
export interface Element {
  readonly tag: number
  readonly from: number
  readonly to: number
}

/**
 * The elements within one.
 *
 * @throws RangeError for what is no DER, or when there is no outer one
 */
export function contentOf(bytes: Uint8Array, outer: Element | undefined): readonly Element[] {
  if (outer === undefined) throw new RangeError('an element is missing')
  const elements: Element[] = []
  for (let at = outer.from; at < outer.to;) {
    const element = elementAt(bytes, at)
    if (element.to > outer.to) throw new RangeError('an element is longer than the one around it')
    elements.push(element)
    at = element.to
  }
  return elements
}

/**
 * The element that begins there.
 *
 * @throws RangeError for what is no DER
 */
export function elementAt(bytes: Uint8Array, at: number): Element {
  const [tag = 0, first = 0x80] = bytes.subarray(at, at + 2)
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f
  // Indefinite lengths are no DER, and four bytes are more than any certificate needs.
  if (first === 0x80 || lengthBytes > 4) throw new RangeError('a length is malformed')
  const from = at + 2 + lengthBytes
  const length = bytes.subarray(at + 2, from).reduce((sum, byte) => sum * 256 + byte, 0)
  const to = from + (lengthBytes === 0 ? first : length)
  if (to > bytes.length) throw new RangeError('an element is cut off')
  return { tag, from, to }
}

/** An element of this tag, around what stands in it. `tag`: of one byte. */
export function encodeElement(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const length = content.reduce((sum, { byteLength }) => sum + byteLength, 0)
  return Buffer.concat([Buffer.from([tag, ...encodeLength(length)]), ...content])
}

/** In as few bytes as there can be (X.690 10.1). */
function encodeLength(length: number): readonly number[] {
  if (length < 0x80) return [length]
  const bytes: number[] = []
  for (let left = length; left > 0; left = Math.floor(left / 256)) bytes.unshift(left % 256)
  return [0x80 | bytes.length, ...bytes]
}
