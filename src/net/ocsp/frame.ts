import { contentOf, elementAt } from '../der.ts'

/** An answer is nested ten deep, with the certificates in it. */
const deepest = 40
const constructed = 0x20
const [enumerated, bitString, octetString, sequence, explicit0] = [0x0a, 0x03, 0x04, 0x30, 0xa0]

/**
 * Throws for an answer in DER that is nested otherwise than RFC 6960 §4.2.1 says: the library reads over a wrong length
 * or tag where it can, clients need not, and no signature covers what is around the signed part.
 *
 * @throws RangeError
 */
export function checkFrame(der: Buffer): void {
  checkNesting(der)
  const [status, bytes] = contentOf(der, elementAt(der, 0))
  if (status?.tag !== enumerated) throw new RangeError('it says no status')
  // An error has nothing else.
  if (bytes === undefined) return
  const [response] = contentOf(der, bytes)
  const [, wrapped] = contentOf(der, response)
  if (bytes.tag !== explicit0 || response?.tag !== sequence || wrapped?.tag !== octetString)
    throw new RangeError('what it says is wrapped otherwise')
  const basic = der.subarray(wrapped.from, wrapped.to)
  checkNesting(basic)
  const [signed, algorithm, signature, certificates, ...more] = contentOf(
    basic,
    elementAt(basic, 0),
  )
  const tags = [signed?.tag, algorithm?.tag, signature?.tag, certificates?.tag ?? explicit0]
  const isAsSaid = tags.join() === [sequence, sequence, bitString, explicit0].join()
  // All bits of the last byte are in use (X.690 8.6).
  const isWhole = signature !== undefined && basic[signature.from] === 0
  if (!isAsSaid || !isWhole || more.length > 0) throw new RangeError('its parts are others')
}

function checkNesting(bytes: Buffer, outer = elementAt(bytes, 0), depth = 0): void {
  if (depth === 0 && outer.to !== bytes.length) throw new RangeError('something follows it')
  if (depth > deepest) throw new RangeError('it is nested too deep')
  for (const element of contentOf(bytes, outer))
    if ((element.tag & constructed) !== 0) checkNesting(bytes, element, depth + 1)
}
