// What a client of Redis says (its documentation, "Redis serialization protocol specification"): an array of bulk strings,
// or a line of words. Redis takes less strictly what is made otherwise; that is not followed.

/** Called with the first two words of a request, in lower case; a word of more than 16 bytes is empty. */
export type OnRequest = (command: string, argument: string) => void

export interface Requests {
  /** No request has begun that has not ended. */
  readonly isBetween: boolean
  /** It cannot be followed any more. */
  readonly isLost: boolean
  take(bytes: Uint8Array): void
}

const [star, dollar, minus, cr, lf, zero, nine] = [42, 36, 45, 13, 10, 48, 57]
/** @limit none: of a longer word no command is made that matters here */
const maxWordBytes = 16
/**
 * What of a line in words is kept: two of them, and blanks.
 *
 * @limit none: the rest is not looked at
 */
const maxLineBytes = 80
/**
 * As Redis: `proto-max-bulk-len`.
 *
 * @limit bytes of one argument to Redis: the tool of that tunnel is not told of a cut
 */
const maxBulkBytes = 512 * 1024 * 1024
/** @limit arguments of one request to Redis: the tool of that tunnel is not told of a cut */
const maxArguments = 1024 * 1024

export function readRequests(onRequest: OnRequest): Requests {
  let state: 'start' | 'line' | 'count' | 'dollar' | 'length' | 'body' | 'end' | 'lost' = 'start'
  let number = 0
  let isNegative = false
  let digits = 0
  let hasReturn = false
  let [args, index, left] = [0, 0, 0]
  const kept = new Uint8Array(maxLineBytes)
  let keptBytes = 0
  const words = ['', '']

  const startNumber = (as: 'count' | 'length'): void => {
    state = as
    number = 0
    digits = 0
    isNegative = false
    hasReturn = false
  }

  /** Answers whether the number is whole. */
  const takeDigit = (byte: number): boolean => {
    if (hasReturn) {
      if (byte !== lf || digits === 0) state = 'lost'
      return byte === lf && digits > 0
    }
    if (byte === cr) hasReturn = true
    else if (byte === minus && digits === 0 && !isNegative) isNegative = true
    else if (byte >= zero && byte <= nine && digits < 10) {
      number = number * 10 + byte - zero
      digits += 1
    } else state = 'lost'
    return false
  }

  const endCount = (): void => {
    args = isNegative ? 0 : number
    index = 0
    words[0] = ''
    words[1] = ''
    // Redis answers nothing to an empty one.
    state = args > maxArguments ? 'lost' : args === 0 ? 'start' : 'dollar'
  }
  const endLength = (): void => {
    left = number
    keptBytes = 0
    hasReturn = false
    state = isNegative || number > maxBulkBytes ? 'lost' : 'body'
  }
  const endArgument = (byte: number): void => {
    if (!hasReturn) {
      hasReturn = byte === cr
      if (!hasReturn) state = 'lost'
      return
    }
    if (byte !== lf) return void (state = 'lost')
    if (index < 2) words[index] = number <= maxWordBytes ? textOf(kept, keptBytes) : ''
    index += 1
    state = index === args ? 'start' : 'dollar'
    if (state === 'start') onRequest(words[0] ?? '', words[1] ?? '')
  }
  const takeOfLine = (byte: number): void => {
    // Redis reads a line to its first NUL.
    if (byte === 0) return void (state = 'lost')
    if (byte !== lf) {
      if (keptBytes < maxLineBytes) kept[keptBytes++] = byte
      return
    }
    state = 'start'
    const [command = '', argument = ''] = textOf(kept, keptBytes).trim().split(/\s+/)
    // Quotes may hide a word.
    if (/["']/.test(command + argument)) state = 'lost'
    else if (command !== '') onRequest(command, argument)
  }

  const takeByte = (byte: number): void => {
    if (state === 'start') {
      keptBytes = 0
      if (byte === star) return startNumber('count')
      state = 'line'
    }
    if (state === 'line') takeOfLine(byte)
    else if (state === 'count') {
      if (takeDigit(byte)) endCount()
    } else if (state === 'length') {
      if (takeDigit(byte)) endLength()
    } else if (state === 'end') endArgument(byte)
    else if (byte === dollar) startNumber('length')
    else state = 'lost'
  }
  const takeBody = (bytes: Uint8Array, at: number): number => {
    const taken = Math.min(left, bytes.length - at)
    if (index < 2 && number <= maxWordBytes) {
      kept.set(bytes.subarray(at, at + taken), keptBytes)
      keptBytes += taken
    }
    left -= taken
    if (left === 0) state = 'end'
    return taken
  }

  return {
    get isBetween() {
      return state === 'start'
    },
    get isLost() {
      return state === 'lost'
    },
    take(bytes) {
      for (let at = 0; at < bytes.length;) {
        if (state === 'lost') return
        if (state === 'body') at += takeBody(bytes, at)
        else takeByte(bytes[at++] ?? 0)
      }
    },
  }
}

function textOf(bytes: Uint8Array, length: number): string {
  return Buffer.from(bytes.subarray(0, length)).toString('latin1').toLowerCase()
}
