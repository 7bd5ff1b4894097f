import fc from 'fast-check'

const surrogates = { first: 0xd800, count: 0x800 }

/**
 * Any code point that is no half of a pair, as the `unit` of `fc.string`. What fast-check itself has for that, `'binary'`,
 * enters all of its million values into a table where the first string of a file is declared: two seconds of a
 * processor, and more memory than most tests need.
 */
export const codePoint: fc.Arbitrary<string> = fc
  .nat({ max: 0x10ffff - surrogates.count })
  .map(characterAt, indexOf)

function characterAt(index: number): string {
  return String.fromCodePoint(index < surrogates.first ? index : index + surrogates.count)
}

/** By it fast-check knows which of its own odd texts are made of such units, and shrinks what a test gives. */
function indexOf(text: unknown): number {
  const found = typeof text === 'string' ? text.codePointAt(0) : undefined
  if (found === undefined || characterAt(toIndex(found)) !== text)
    throw new RangeError('not a code point')
  return toIndex(found)
}

function toIndex(found: number): number {
  return found < surrogates.first ? found : found - surrogates.count
}
