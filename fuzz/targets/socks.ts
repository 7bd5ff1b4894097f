import assert from 'node:assert/strict'
import { isIP } from 'node:net'

import { bracketed, parseHost } from '../../src/address.ts'
import { PeerError } from '../../src/errors.ts'
import {
  parseGreeting,
  parsePassword,
  parseRequest,
  type Parsed,
} from '../../src/net/socks-messages.ts'
import { attempt } from '../own-errors.ts'
import type { Target } from '../target.ts'

const readers: readonly ((input: Buffer) => Parsed<unknown>)[] = [
  parseGreeting,
  parsePassword,
  parseRequest,
]

export const target: Target = {
  reads: 'SOCKS 5 messages of a program behind a connector or on this machine',
  covers: ['net/socks-messages.ts'],
  maxBytes: 600,
  tokens: [
    Uint8Array.of(5, 1, 0),
    Uint8Array.of(5, 2, 0, 2),
    Uint8Array.of(1, 1, 97, 1, 98),
    Uint8Array.of(5, 1, 0, 3, 11),
    Uint8Array.of(5, 1, 0, 1),
    Uint8Array.of(5, 1, 0, 4),
    'example.com',
  ],
  run(input) {
    return readers.map((read) => kindOf(read, input)).join(' ')
  },
}

function kindOf(read: (input: Buffer) => Parsed<unknown>, input: Buffer): string {
  const { value: parsed, code } = attempt(() => read(input), PeerError)
  if (code !== undefined) return code
  if (parsed === undefined) return 'more'
  const { usedBytes, value } = parsed
  assert.ok(usedBytes > 0 && usedBytes <= input.length)
  // What follows a message changes nothing, and less than it is not one.
  assert.deepEqual(read(input.subarray(0, usedBytes)), parsed)
  if (isRequest(value)) judgeRequest(value)
  const isOfUnknownLength = isRequest(value) && value.target === undefined && usedBytes === 4
  if (!isOfUnknownLength) assert.equal(read(input.subarray(0, usedBytes - 1)), undefined)
  if (!isRequest(value)) return 'read'
  return value.target === undefined ? 'none' : 'request'
}

interface Request {
  readonly target: { readonly host: string; readonly port: number } | undefined
}

function isRequest(value: unknown): value is Request {
  return typeof value === 'object' && value !== null && 'command' in value
}

function judgeRequest({ target }: Request): void {
  if (target === undefined) return
  assert.ok(target.port > 0 && target.port <= 65_535)
  assert.equal(parseHost(bracketed(target.host)), target.host)
  assert.ok(isIP(target.host) > 0 || target.host.length <= 253)
}
