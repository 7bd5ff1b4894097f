import type { Random } from './random.ts'

/** What inputs are made of. */
export interface Material {
  readonly random: Random
  /** Inputs to begin with; never empty. */
  readonly corpus: readonly Buffer[]
  readonly tokens: readonly Buffer[]
  readonly maxBytes: number
}

type Mutator = (bytes: Buffer, material: Material) => Buffer

/** Values at which lengths, counts and signs turn. */
const edges = [0, 1, 2, 7, 8, 15, 16, 31, 32, 63, 64, 100, 125, 126, 127, 128, 253, 254, 255]
const wideEdges = [0, 1, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff]
/** Changes made to one input, one upon the other. */
const maxChanges = 6
/** One input of this many begins with nothing: small ones are made of tokens alone. */
const fromNothingEvery = 16
/** Longest part that is taken out, doubled or moved at once, most of the time, in bytes. */
const usualPartBytes = 32

/** Makes a new input of one in the corpus. */
export function mutate(material: Material): Buffer {
  const { random, corpus, maxBytes } = material
  const parent = random.oneIn(fromNothingEvery) ? undefined : random.pick(corpus)
  let bytes: Buffer = parent === undefined ? Buffer.alloc(0) : Buffer.from(parent)
  const changes = 1 + random.below(random.oneIn(2) ? 1 : maxChanges)
  for (let i = 0; i < changes; i += 1) {
    const mutator = random.pick(mutators) ?? flipBit
    bytes = mutator(bytes, material)
    if (bytes.length > maxBytes) bytes = bytes.subarray(0, maxBytes)
  }
  return bytes
}

/** Repeats a part of an input until it is as long as inputs get: what is not linear in time shows itself. */
export function blowUp({ random, corpus, tokens, maxBytes }: Material): Buffer {
  const bytes = random.pick(corpus) ?? Buffer.alloc(0)
  const [start, end] = part(bytes, random)
  const unit = random.oneIn(2) ? (random.pick(tokens) ?? bytes) : bytes.subarray(start, end)
  const room = maxBytes - bytes.length
  if (unit.length === 0 || room <= 0) return Buffer.from(bytes)
  const repeated = Buffer.alloc(room, unit)
  return Buffer.concat([bytes.subarray(0, end), repeated, bytes.subarray(end)])
}

const flipBit: Mutator = (bytes, { random }) => {
  const at = random.below(bytes.length)
  if (bytes.length > 0) bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8))
  return bytes
}

const setByte: Mutator = (bytes, { random }) => {
  if (bytes.length > 0) bytes[random.below(bytes.length)] = random.below(256)
  return bytes
}

const setEdge: Mutator = (bytes, { random }) => {
  if (bytes.length > 0) bytes[random.below(bytes.length)] = random.pick(edges) ?? 0
  return bytes
}

const add: Mutator = (bytes, { random }) => {
  const at = random.below(bytes.length)
  if (bytes.length > 0) bytes[at] = (bytes[at] ?? 0) + random.below(33) - 16
  return bytes
}

/** A length or a count that is one too small, or one too large. */
const addOne: Mutator = (bytes, { random }) => {
  const at = random.below(bytes.length)
  if (bytes.length > 0) bytes[at] = (bytes[at] ?? 0) + (random.oneIn(2) ? 1 : -1)
  return bytes
}

/** A number of 2 or 4 bytes, of either order. */
const setWide: Mutator = (bytes, { random }) => {
  const wide = random.oneIn(2) ? 4 : 2
  if (bytes.length < wide) return bytes
  const at = random.below(bytes.length - wide + 1)
  const value = (random.pick(wideEdges) ?? 0) % 2 ** (8 * wide)
  if (random.oneIn(2)) bytes.writeUIntBE(value, at, wide)
  else bytes.writeUIntLE(value, at, wide)
  return bytes
}

const remove: Mutator = (bytes, { random }) => {
  const [start, end] = part(bytes, random)
  return Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)])
}

const cutOff: Mutator = (bytes, { random }) => bytes.subarray(0, random.below(bytes.length + 1))

const double: Mutator = (bytes, { random }) => {
  const [start, end] = part(bytes, random)
  return Buffer.concat([bytes.subarray(0, end), bytes.subarray(start)])
}

const move: Mutator = (bytes, { random }) => {
  const [start, end] = part(bytes, random)
  const rest = Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)])
  return insert(rest, bytes.subarray(start, end), random.below(rest.length + 1))
}

const insertByte: Mutator = (bytes, { random }) =>
  insert(bytes, Buffer.of(random.below(256)), random.below(bytes.length + 1))

const insertToken: Mutator = (bytes, { random, tokens }) =>
  insert(bytes, random.pick(tokens) ?? bytes, random.below(bytes.length + 1))

const overwriteByToken: Mutator = (bytes, { random, tokens }) => {
  const token = random.pick(tokens) ?? bytes
  const at = random.below(bytes.length + 1)
  return Buffer.concat([bytes.subarray(0, at), token, bytes.subarray(at + token.length)])
}

/** A token in place of another one that stands there. */
const exchangeTokens: Mutator = (bytes, { random, tokens }) => {
  const [out, into] = [random.pick(tokens), random.pick(tokens)]
  const at = out === undefined || into === undefined ? -1 : bytes.indexOf(out)
  if (out === undefined || into === undefined || at < 0) return bytes
  return Buffer.concat([bytes.subarray(0, at), into, bytes.subarray(at + out.length)])
}

/** A decimal number by another. */
const changeNumber: Mutator = (bytes, { random }) => {
  const text = bytes.toString('latin1')
  const found = [...text.matchAll(/\d+/g)]
  const number = random.pick(found)
  if (number === undefined) return bytes
  const values = [
    '0',
    '-1',
    '1',
    '00',
    '255',
    '256',
    '65535',
    '65536',
    '4294967296',
    '1e9',
    '9'.repeat(20),
  ]
  const value = random.oneIn(2) ? random.pick(values) : String(random.below(100_000))
  return Buffer.from(
    `${text.slice(0, number.index)}${value}${text.slice(number.index + number[0].length)}`,
    'latin1',
  )
}

/** The beginning of one and the end of another. */
const splice: Mutator = (bytes, { random, corpus }) => {
  const other = random.pick(corpus) ?? bytes
  return Buffer.concat([
    bytes.subarray(0, random.below(bytes.length + 1)),
    other.subarray(random.below(other.length + 1)),
  ])
}

const insertPartOfOther: Mutator = (bytes, { random, corpus }) => {
  const other = random.pick(corpus) ?? bytes
  const [start, end] = part(other, random)
  return insert(bytes, other.subarray(start, end), random.below(bytes.length + 1))
}

const mutators: readonly Mutator[] = [
  flipBit,
  setByte,
  setEdge,
  add,
  addOne,
  addOne,
  setWide,
  remove,
  remove,
  cutOff,
  double,
  move,
  insertByte,
  insertToken,
  insertToken,
  overwriteByToken,
  exchangeTokens,
  changeNumber,
  splice,
  insertPartOfOther,
]

function insert(bytes: Buffer, piece: Uint8Array, at: number): Buffer {
  return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)])
}

/** Where a part begins and ends: mostly a small one. */
function part(bytes: Buffer, random: Random): readonly [number, number] {
  const longest = random.oneIn(8) ? bytes.length : Math.min(bytes.length, usualPartBytes)
  const length = random.below(longest + 1)
  const start = random.below(bytes.length - length + 1)
  return [start, start + length]
}
