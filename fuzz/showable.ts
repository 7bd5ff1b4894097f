import assert from 'node:assert/strict'

/** Longest text that is taken over from a peer, in UTF-16 units. */
const usualLength = 500

/**
 * Asserts that every text within a value can be printed: nothing in it moves a cursor, begins a line, turns or hides the
 * text around it, or is half a character, and it is short.
 */
export function assertShowable(value: unknown, maxLength = usualLength): void {
  if (typeof value === 'string') {
    assert.doesNotMatch(value, /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u)
    assert.ok(value.length <= maxLength, `${value.length} characters`)
  } else if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) assertShowable(part, maxLength)
  }
}
