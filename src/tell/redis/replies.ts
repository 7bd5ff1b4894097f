// What Redis says, in both versions of its protocol (its documentation, "Redis serialization protocol specification").
// Strings and aggregates whose end is said afterwards (`$?`, `*?`) are in no release of it, and not followed.

export interface ReadReplies {
  /** No reply has begun that has not ended. */
  readonly isBetween: boolean
  /** It cannot be followed any more. */
  readonly isLost: boolean
  take(bytes: Uint8Array): void
}

/**
 * @limit aggregates within each other in a reply of Redis: the tool of that tunnel is not told of a cut
 */
const maxDepth = 64

const [minus, cr, lf, zero, nine] = [45, 13, 10, 48, 57]
const push = 62
const attribute = 124
/**
 * What a type is, by its byte: a line (simple strings, errors, integers, null, booleans, doubles, big numbers), a bulk
 * string, or an aggregate of one value (arrays, sets, pushes) or two (maps, attributes) to each that it counts.
 */
const forms = new Uint8Array(256)
const [line, bulk, single, pair] = [1, 2, 3, 4] as const
for (const [types, form] of [
  ['+-:_#,(', line],
  ['$!=', bulk],
  ['*~>', single],
  ['%|', pair],
] as const)
  for (const byte of Buffer.from(types)) forms[byte] = form

export function readReplies(onReply: (isPush: boolean) => void): ReadReplies {
  let state: 'type' | 'line' | 'number' | 'body' | 'lost' = 'type'
  let isBegun = false
  let isPush = false
  let type = 0
  let number = 0
  let digits = 0
  let isNegative = false
  let hasReturn = false
  /** Bytes of a bulk string with the line end behind it. */
  let left = 0
  /** Of the aggregates that are open, the innermost last: values to come, negative for attributes. */
  const open: number[] = []

  /** A value has ended, and with it perhaps what it is a part of. */
  const endValue = (): void => {
    state = 'type'
    for (let depth = open.length - 1; depth >= 0; depth--) {
      const values = open[depth] ?? 0
      const rest = values - Math.sign(values)
      open[depth] = rest
      if (rest !== 0) return
      open.pop()
      // What it belongs to follows.
      if (values < 0) return
    }
    isBegun = false
    onReply(isPush)
  }

  const takeType = (byte: number): void => {
    isBegun = true
    if (open.length === 0) isPush = byte === push
    type = byte
    hasReturn = false
    number = 0
    digits = 0
    isNegative = false
    const form = forms[byte] ?? 0
    state = form === line ? 'line' : form === 0 ? 'lost' : 'number'
  }
  const takeDigit = (byte: number): void => {
    if (hasReturn) {
      if (byte === lf && digits > 0) endNumber()
      else state = 'lost'
    } else if (byte === cr) hasReturn = true
    else if (byte === minus && digits === 0 && !isNegative) isNegative = true
    else if (byte >= zero && byte <= nine && digits < 12) {
      number = number * 10 + byte - zero
      digits += 1
    } else state = 'lost'
  }
  const endNumber = (): void => {
    const form = forms[type] ?? 0
    if (form === bulk) {
      if (isNegative) return endValue()
      left = number + 2
      state = 'body'
      return
    }
    state = 'type'
    const isAttribute = type === attribute
    if (isNegative || number === 0) {
      if (!isAttribute) endValue()
    } else if (open.length === maxDepth) state = 'lost'
    else {
      const values = form === pair ? 2 * number : number
      open.push(isAttribute ? -values : values)
    }
  }
  /** Answers how many bytes were of the line. */
  const takeLine = (bytes: Uint8Array, at: number): number => {
    const end = bytes.indexOf(lf, at)
    if (end < 0) return bytes.length - at
    endValue()
    return end + 1 - at
  }
  /** A number has few digits: they are taken in one go. */
  const takeNumber = (bytes: Uint8Array, start: number): number => {
    let at = start
    while (at < bytes.length) {
      takeDigit(bytes[at++] ?? 0)
      if (state !== 'number') break
    }
    return at - start
  }
  const takeBody = (bytes: Uint8Array, at: number): number => {
    const taken = Math.min(left, bytes.length - at)
    left -= taken
    if (left === 0) endValue()
    return taken
  }

  return {
    get isBetween() {
      return !isBegun
    },
    get isLost() {
      return state === 'lost'
    },
    take(bytes) {
      for (let at = 0; at < bytes.length;) {
        if (state === 'lost') return
        if (state === 'body') at += takeBody(bytes, at)
        else if (state === 'line') at += takeLine(bytes, at)
        else if (state === 'type') takeType(bytes[at++] ?? 0)
        else at += takeNumber(bytes, at)
      }
    },
  }
}
