import type { Secret } from './collected.ts'
import { formsOf } from './forms.ts'

/** Finds which of some secrets stand in a text, in whatever form. */
export type Search = (text: Buffer) => readonly Secret[]

interface Needle {
  readonly form: Buffer
  readonly secret: Secret
}

/**
 * Reads each text once, however many secrets there are: where four bytes begin none of their forms, which a table of bits says,
 * there is nothing to compare. A thousand forms in a MiB take some milliseconds.
 */
export function createSearch(secrets: readonly Secret[]): Search {
  const needles = new Map<number, Needle[]>()
  const begins = new Uint8Array(0x1_00_00)
  for (const secret of secrets) {
    for (const form of formsOf(secret.bytes)) {
      const start = form.readInt32LE(0)
      begins[slotOf(start)] = 1
      needles.set(start, [...(needles.get(start) ?? []), { form, secret }])
    }
  }
  return (text) => {
    const found = new Set<Secret>()
    let start = 0
    for (let end = 0; end < text.length; end += 1) {
      start = (start >>> 8) | ((text[end] ?? 0) << 24)
      if (begins[slotOf(start)] === 0) continue
      const at = end - 3
      for (const { form, secret } of needles.get(start) ?? [])
        if (!found.has(secret) && text.subarray(at, at + form.length).equals(form))
          found.add(secret)
    }
    return [...found]
  }
}

/** Multiplicative hashing: the upper half of the product by the golden ratio of 2^32. */
function slotOf(start: number): number {
  return Math.imul(start, 0x9e_37_79_b1) >>> 16
}
