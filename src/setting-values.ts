// What most settings take, as schemas that read it from plain data: whichever file, variable or request it came in.
import { z } from 'zod'
import { parseHost } from './address.ts'
import { durationHint, parseDuration } from './clock.ts'
import { secretTextOf, show, textOf } from './schema.ts'
import type { Fault } from './schema.ts'

/** Any text but an empty one. */
export const text = textOf('text', (value) => (value.trim() === '' ? undefined : value.trim()))

/** Text that is never repeated in a message. */
export const secretText = secretTextOf('text, and not empty', (value) =>
  value.trim() === '' ? undefined : value.trim(),
)

/** A path as it is written; it is resolved by who reads it. */
export const path = textOf('a path', (value): string | Fault | undefined => {
  if (value.startsWith('~'))
    return { fault: `"~" in ${show(value)} is not expanded: write the folder out` }
  return value === '' || value.includes('\0') ? undefined : value
})

/** One line of text, of so many characters at most. */
export function lineOf(maxChars: number): z.ZodType<string> {
  return textOf('text', (value): string | Fault | undefined => {
    const line = value.trim()
    if (line.length > maxChars)
      return { fault: `must be at most ${maxChars} characters, not ${line.length}` }
    if (/\p{Cc}/u.test(line)) return { fault: 'must be one line, without control characters' }
    return line
  })
}

export const flag = z.boolean()

/** A duration in whole milliseconds; 0 stands for none. */
export const duration = durationOf('a duration such as 15m', 0)

/** A duration of at least a second. */
export const longDuration = durationOf('a duration of at least 1s, such as 15m', 1000)

function durationOf(expected: string, leastMs: number): z.ZodType<number> {
  const schema = textOf(
    expected,
    (value) => {
      const parsed = parseDuration(value)
      if (parsed === undefined || parsed < leastMs) return undefined
      const rounded = Math.round(parsed)
      // A nanosecond must not turn into 0, which stands for no limit at all.
      return rounded === 0 && parsed > 0 ? undefined : rounded
    },
    durationHint,
  )
  // `timeout: 0` needs no unit and no quotes.
  return z.preprocess((value) => (value === 0 ? '0' : value), schema)
}

/** @limit a bound that counts something: the configuration does not load */
const maxCount = 1_000_000_000

/** How many; 0 stands for no limit. */
export const count: z.ZodType<number> = z.preprocess(
  (value) => (typeof value === 'number' ? String(value) : value),
  textOf('a whole number such as 20, or 0 for no limit', (value) => {
    const number = /^\d{1,10}$/.test(value) ? Number(value) : undefined
    return number === undefined || number > maxCount ? undefined : number
  }),
)

const secretBytes = 32

/** Base64 (RFC 4648 §4) of exactly 32 bytes. */
export const secretKey = secretTextOf(`base64 of exactly ${secretBytes} bytes`, parseSecretKey)

/** Decodes base64 of exactly 32 bytes; white space around it is left out. */
export function parseSecretKey(value: string): Buffer | undefined {
  const bytes = decodeBase64(value.trim())
  return bytes?.byteLength === secretBytes ? bytes : undefined
}

/** Base64 of a PEM text, as Pomerium takes certificates without a file. */
export const base64Pem = secretTextOf('base64 of a PEM text', parseBase64Pem)

/** Decodes base64 of a PEM text, its lines joined. */
export function parseBase64Pem(value: string): string | undefined {
  const pem = decodeBase64(value.replaceAll(/\s/g, ''))?.toString('utf8')
  return pem?.includes('-----BEGIN ') === true ? pem : undefined
}

/** `Buffer.from` skips characters that are not base64; encoding again shows whether it did. */
function decodeBase64(value: string): Buffer | undefined {
  const bytes = Buffer.from(value, 'base64')
  const same = bytes.toString('base64').replace(/=+$/, '') === value.replace(/=+$/, '')
  return same && bytes.byteLength > 0 ? bytes : undefined
}

/** A name in a certificate: of a host, or an address. */
export const serverName = textOf('a host such as gateway.example.com', (value) =>
  parseHost(value.includes(':') && !value.startsWith('[') ? `[${value}]` : value),
)
