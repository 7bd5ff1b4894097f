import { aboutRequest, type Criterion } from './criterion.ts'

/** `accept: true` — everybody, signed in or not. */
export const accept: Criterion = {
  name: 'accept',
  data: 'anything',
  doc: 'always holds, for people who are not signed in, too',
  reasons: ['accept'],
  words: { found: () => 'anything', wanted: () => 'nothing: it holds for everybody' },
  parse: () => aboutRequest(() => ({ value: true, reasons: ['accept'] })),
}

/** `reject: true` — nobody. */
export const reject: Criterion = {
  name: 'reject',
  data: 'anything',
  doc: 'never holds',
  reasons: ['reject'],
  words: { found: () => 'anything', wanted: () => 'what nobody has: it never holds' },
  parse: () => aboutRequest(() => ({ value: false, reasons: ['reject'] })),
}
