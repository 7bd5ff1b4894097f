import { isIP } from 'node:net'
import { canonicalIPv6 } from '../../address.ts'

// Messages of RFC 2136 (dynamic updates), in the wire form of RFC 1035 §4. `dns-packet`, which reads the
// answers, can write neither the class NONE nor a record without data.

/** RFC 1035 §3.2.2, RFC 3596 §2.1, RFC 8945 §4.2. */
export const types = { A: 1, CNAME: 5, SOA: 6, TXT: 16, AAAA: 28, TSIG: 250, ANY: 255 } as const
/** RFC 1035 §3.2.4, RFC 2136 §1. */
export const classes = { IN: 1, NONE: 254, ANY: 255 } as const

const opcodeUpdate = 5

export interface UpdateRecord {
  readonly name: string
  readonly type: keyof typeof types
  readonly class: keyof typeof classes
  readonly ttlSeconds: number
  /** Undefined: no data, RDLENGTH 0. */
  readonly value: string | undefined
}

export interface Update {
  readonly zone: string
  /** What must hold, or nothing is done (RFC 2136 §2.4). */
  readonly prerequisites: readonly UpdateRecord[]
  /** Done together (RFC 2136 §2.5). */
  readonly updates: readonly UpdateRecord[]
}

/** `name` is not in use (RFC 2136 §2.4.5). */
export function notInUse(name: string): UpdateRecord {
  return { name, type: 'ANY', class: 'NONE', ttlSeconds: 0, value: undefined }
}

/** One of the records that `name` has, and no others, of this type (RFC 2136 §2.4.2). */
export function holds({ name, type, value }: ZoneRecord): UpdateRecord {
  return { name, type, class: 'IN', ttlSeconds: 0, value }
}

/** A record is added to the zone (RFC 2136 §2.5.1). */
export function added({ name, type, value }: ZoneRecord, ttlSeconds: number): UpdateRecord {
  return { name, type, class: 'IN', ttlSeconds, value }
}

/** All records of a type are removed: RDLENGTH is 0 (RFC 2136 §2.5.2). */
export function removed({ name, type }: ZoneRecord): UpdateRecord {
  return { name, type, class: 'ANY', ttlSeconds: 0, value: undefined }
}

/** One record is removed from the zone, and others of its name and type stay (RFC 2136 §2.5.4). */
export function removedAlone({ name, type, value }: ZoneRecord): UpdateRecord {
  return { name, type, class: 'NONE', ttlSeconds: 0, value }
}

export interface ZoneRecord {
  readonly name: string
  readonly type: 'CNAME' | 'A' | 'AAAA' | 'TXT'
  readonly value: string
}

/** The message, without its signature. */
export function encodeUpdate(id: number, { zone, prerequisites, updates }: Update): Buffer {
  const header = Buffer.alloc(12)
  header.writeUInt16BE(id, 0)
  header.writeUInt16BE(opcodeUpdate << 11, 2)
  const counts = [1, prerequisites.length, updates.length, 0]
  for (const [index, count] of counts.entries()) header.writeUInt16BE(count, 4 + 2 * index)
  const question = [encodeName(zone), uint16(types.SOA), uint16(classes.IN)]
  return Buffer.concat([header, ...question, ...[...prerequisites, ...updates].map(encodeRecord)])
}

function encodeRecord(record: UpdateRecord): Buffer {
  const data = record.value === undefined ? Buffer.alloc(0) : encodeData(record.value, record.type)
  return Buffer.concat([
    encodeName(record.name),
    uint16(types[record.type]),
    uint16(classes[record.class]),
    uint32(record.ttlSeconds),
    uint16(data.length),
    data,
  ])
}

/** An address, the text of a TXT record of at most 255 bytes (RFC 1035 §3.3.14), or the name that a CNAME has. */
function encodeData(value: string, type: UpdateRecord['type']): Buffer {
  if (type === 'TXT') {
    const text = Buffer.from(value, 'latin1')
    return Buffer.concat([Buffer.from([text.length]), text])
  }
  const family = isIP(value)
  if (family === 4) return Buffer.from(value.split('.').map(Number))
  return family === 6 ? encodeIPv6(value) : encodeName(value)
}

function encodeIPv6(address: string): Buffer {
  const [head = '', tail] = canonicalIPv6(address).split('::')
  const groupsOf = (text: string) => text.split(':').filter((group) => group !== '')
  const [first, last] = [groupsOf(head), groupsOf(tail ?? '')]
  const zeros = Array.from({ length: 8 - first.length - last.length }, () => '0')
  const groups = [...first, ...zeros, ...last]
  return Buffer.concat(groups.map((group) => uint16(Number.parseInt(group, 16))))
}

/** Labels with their lengths, in lower case, never compressed (RFC 1035 §3.1). */
export function encodeName(name: string): Buffer {
  const labels = name
    .toLowerCase()
    .split('.')
    .filter((label) => label !== '')
  const parts = labels.flatMap((label) => {
    const text = Buffer.from(label, 'latin1')
    return [Buffer.from([text.length]), text]
  })
  return Buffer.concat([...parts, Buffer.from([0])])
}

export function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
