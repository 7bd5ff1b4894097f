import { PeerError } from '../../errors.ts'

/**
 * One value in DER: its tag byte, what it holds and its whole encoding.
 *
 * @see https://www.itu.int/rec/T-REC-X.690
 */
export interface DerValue {
  readonly tag: number
  readonly content: Buffer
  readonly whole: Buffer
}

/** Tags that certificates and revocation lists are made of. */
export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
} as const

/** Reads bytes that are exactly one value. Throws `PeerError` `malformed-der`. */
export function readDer(bytes: Buffer): DerValue {
  const [value, ...more] = readAll(bytes)
  if (value === undefined || more.length > 0) throw malformed('expected one value')
  return value
}

/** Reads the values inside of a constructed one. Throws `PeerError` `malformed-der`. */
export function childrenOf({ content }: DerValue): readonly DerValue[] {
  return readAll(content)
}

/** The value if it has this tag. Throws `PeerError` `malformed-der`. */
export function expectTag(value: DerValue | undefined, tag: number): DerValue {
  if (value?.tag === tag) return value
  throw malformed(`expected tag ${tag}, not ${value?.tag ?? 'the end'}`)
}

/** An object identifier in dots. */
export function readOid(value: DerValue | undefined): string {
  const { content } = expectTag(value, tags.oid)
  const numbers: bigint[] = []
  let number = 0n
  for (const byte of content) {
    number = (number << 7n) | BigInt(byte & 0x7f)
    if (byte >= 0x80) continue
    numbers.push(number)
    number = 0n
  }
  const [first = 0n, ...rest] = numbers
  const top = first < 80n ? first / 40n : 2n
  return [top, first - top * 40n, ...rest].join('.')
}

/**
 * A `Time`, in milliseconds since the epoch.
 *
 * @see https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.5
 */
export function readTime({ tag, content }: DerValue): number {
  const text = content.toString('latin1')
  const match = /^(\d{2}|\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(text)
  const [, year = '', month, day, hour, minute, second] = match ?? []
  const isShort = tag === tags.utcTime && year.length === 2
  if (!isShort && !(tag === tags.generalizedTime && year.length === 4)) {
    throw malformed('expected a time')
  }
  const century = isShort ? (Number(year) < 50 ? '20' : '19') : ''
  const atMs = Date.parse(`${century}${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  if (Number.isNaN(atMs)) throw malformed('expected a time')
  return atMs
}

/** The bytes of a bit string that ends with a whole byte. */
export function readBitString(value: DerValue | undefined): Buffer {
  const { content } = expectTag(value, tags.bitString)
  if (content[0] !== 0) throw malformed('expected whole bytes')
  return content.subarray(1)
}

function readAll(bytes: Buffer): readonly DerValue[] {
  const values: DerValue[] = []
  for (let offset = 0; offset < bytes.length;) {
    const value = readOne(bytes.subarray(offset))
    values.push(value)
    offset += value.whole.length
  }
  return values
}

function readOne(bytes: Buffer): DerValue {
  const [tag = 0, first] = bytes
  if (first === undefined) throw malformed('it ends within a value')
  // Tags above 30 take several bytes; nothing here has one.
  if ((tag & 0x1f) === 0x1f) throw malformed('unexpected tag')
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f
  // 0x80 alone is BER's indefinite length; 4 GiB is more than anybody reads.
  if (first === 0x80 || lengthBytes > 4 || bytes.length < 2 + lengthBytes) {
    throw malformed('unexpected length')
  }
  const length = lengthBytes === 0 ? first : bytes.readUIntBE(2, lengthBytes)
  const end = 2 + lengthBytes + length
  if (bytes.length < end) throw malformed('it ends within a value')
  return { tag, content: bytes.subarray(2 + lengthBytes, end), whole: bytes.subarray(0, end) }
}

function malformed(what: string): PeerError {
  return new PeerError('malformed-der', `malformed DER: ${what}`)
}
