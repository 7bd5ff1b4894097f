import assert from 'node:assert/strict'

import { createLines } from '../../src/tunnel/connector/control-lines.ts'
import { readFromConnector, readFromGateway } from '../../src/tunnel/connector/control-messages.ts'
import { attempt } from '../own-errors.ts'
import { splits } from '../pieces.ts'
import type { Target } from '../target.ts'

/** Longest line before and after the other side has proved itself, in bytes. */
const [maxUnproved, maxProved] = [64 * 1024, 512 * 1024]

export const target: Target = {
  reads: 'the control stream of a connector and of a gateway, over HTTP/2',
  covers: ['tunnel/connector/control-lines.ts', 'tunnel/connector/control-messages.ts'],
  maxBytes: 70_000,
  tokens: [
    '\n',
    '{"type":"draining"}\n',
    '{"type":"prove","tunnelId":"t","connectorId":"c","connIndex":0,"proof":"p"}\n',
    '{"type":"services","services":[{"service":"tcp://a:1","hostname":"a"}],"hostnames":["a"]}\n',
    '"__proto__":',
    'null',
    '1e999',
  ],
  run(input) {
    const unproved = lines([input], false)
    const proved = lines([input], true)
    for (const pieces of splits(input)) {
      assert.deepEqual(lines(pieces, false), unproved, `in ${pieces.length} pieces`)
      assert.deepEqual(lines(pieces, true), proved, `in ${pieces.length} pieces`)
    }
    if (proved.lines === undefined) return 'too long'
    for (const line of proved.lines) assert.ok(Buffer.byteLength(line) <= maxProved * 3)
    if (unproved.lines !== undefined) {
      assert.deepEqual(unproved.lines, proved.lines)
      assert.ok(unproved.lines.every((line) => line.length <= maxUnproved))
    }
    return [...new Set(proved.lines.slice(0, 50).map(kindOf))].sort().slice(0, 2).join(' ')
  },
}

type Lines =
  | { readonly lines: readonly string[]; readonly code: undefined }
  | { readonly lines: undefined; readonly code: string }

function lines(pieces: readonly Buffer[], isProved: boolean): Lines {
  const push = createLines(() => isProved)
  const { value, code } = attempt(() => pieces.flatMap((piece) => push(piece)), Error)
  return code === undefined ? { lines: value, code } : { lines: undefined, code }
}

function kindOf(line: string): string {
  const kinds = [readFromConnector, readFromGateway].map((read) => {
    const { value, code } = attempt(() => read(line), Error)
    if (value === undefined) return code ?? 'unknown'
    // What was read says the same when it is written and read again.
    assert.deepEqual(read(JSON.stringify(value)), value)
    return value.type
  })
  return kinds.find((kind) => kind !== 'Error' && kind !== 'unknown') ?? kinds.join('/')
}
