// RFC 6455 §5.3: everything a client sends is XORed with four bytes that nobody can foresee. `ws` does
// so with `http.websocketMask` and `http.websocketUnmask` where the runtime has them, else with an addon, else
// byte by byte, which took 1.6 of 6.3 CPU seconds a GiB of upload cost the gateway. These two go word by
// word (0.3 s), by the names it looks for. They must be there before it is loaded: see `ws.ts`.
import { provideWebsocketMask } from '../net/runtime.ts'

/** Shorter ones are not worth a view of their memory, in bytes. */
const minWordBytes = 64

const wordBytes = new Uint8Array(4)
const word = new Int32Array(wordBytes.buffer)

/** XORs the first `length` bytes of `source` with the mask, into `output` from `offset` on. */
export function websocketMask(
  source: Uint8Array,
  mask: Uint8Array,
  output: Uint8Array,
  offset: number,
  length: number,
): void {
  const target = new Uint8Array(output.buffer, output.byteOffset + offset, length)
  target.set(source.length === length ? source : source.subarray(0, length))
  websocketUnmask(target, mask)
}

/** XORs a buffer in place with the four bytes of the mask. */
export function websocketUnmask(buffer: Uint8Array, mask: Uint8Array): void {
  if (buffer.length < minWordBytes) {
    xorBytes(buffer, mask, 0, buffer.length)
    return
  }
  // Memory is read in words only at multiples of four, wherever in it the buffer begins.
  const head = -buffer.byteOffset & 3
  const words = new Int32Array(buffer.buffer, buffer.byteOffset + head, (buffer.length - head) >> 2)
  for (let i = 0; i < 4; i += 1) wordBytes[i] = mask[(head + i) & 3] ?? 0
  xorBytes(buffer, mask, 0, head)
  xorWords(words, word[0] ?? 0)
  xorBytes(buffer, mask, head + words.byteLength, buffer.length)
}

function xorWords(words: Int32Array, mask: number): void {
  const { length } = words
  for (let i = 0; i < length; i += 1) words[i] = (words[i] ?? 0) ^ mask
}

function xorBytes(buffer: Uint8Array, mask: Uint8Array, start: number, end: number): void {
  for (let i = start; i < end; i += 1) buffer[i] = (buffer[i] ?? 0) ^ (mask[i & 3] ?? 0)
}

provideWebsocketMask({ websocketMask, websocketUnmask })
