import { domainToUnicode } from 'node:url'

/**
 * Far longer than an address can be (RFC 5321 §4.5.3.1).
 *
 * @limit none: what lies beyond is looked at as it came
 */
const maxAddressLength = 1_000

/** Most addresses: nothing about them could be spelt otherwise. */
const isPlain = /^[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*@[a-z0-9-]+(?:\.[a-z0-9-]+)*$/

/**
 * What different spellings of one email address or domain have in common: no blanks, no dots around its
 * parts, no characters that nobody sees, compatibility forms and case folded (Unicode UAX #15), labels of
 * internationalized domains in Unicode (RFC 5891 §4.2.2, §4.4).
 *
 * It takes several addresses for one that a provider may tell apart. So it is only for looking at an
 * address in one more way, where that keeps somebody out.
 */
export function plainAddress(text: string): string {
  if (isPlain.test(text) && !text.includes('xn--')) return text
  return plainText(text)
    .replaceAll(/\s+/gu, '')
    .replaceAll(/^\.+|\.+$|\.+(?=@)|(?<=@)\.+/g, '')
}

/** The same for a part of an address: what stands at its ends is meant. */
export function plainText(text: string): string {
  return text
    .slice(0, maxAddressLength)
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]/gu, '')
    .replaceAll('\u3002', '.')
    .replaceAll(/\bxn--[a-z0-9-]+/g, (label) => domainToUnicode(label) || label)
}
