import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { PeerError } from '../../errors.ts'
import { createDeframer } from './capnp/framing.ts'
import { golden } from './golden.fixture.ts'
import { encodeRefused, encodeRegistered, methods, readRegistration } from './registration.ts'
import { registrationServer } from './registration.ts'
import {
  decodeRpc,
  encodeBootstrapReturn,
  encodeException,
  encodeReturn,
  encodeUnimplemented,
  exceptions,
  type RpcMessage,
} from './rpc.ts'

const maxBytes = 64 * 1024

function decode(hex: string): RpcMessage {
  const [segments, ...more] = createDeframer(() => maxBytes).push(Buffer.from(hex, 'hex'))
  assert.ok(segments !== undefined && more.length === 0)
  return decodeRpc(segments)
}

test('what a stock connector says is read as it was meant', () => {
  assert.deepEqual(decode(golden.bootstrap), { kind: 'bootstrap', questionId: 0 })
  assert.deepEqual(decode(golden.finish0), { kind: 'finish', questionId: 0 })
  assert.deepEqual(decode(golden.finish1), { kind: 'finish', questionId: 1 })
  const call = decode(golden.register)
  assert.ok(call.kind === 'call')
  const { params, ...rest } = call
  assert.deepEqual(rest, {
    kind: 'call',
    questionId: 1,
    interfaceId: registrationServer,
    methodId: methods.registerConnection,
    target: { promised: 0 },
  })
  assert.deepEqual(readRegistration(params), {
    tunnelId: '11111111-2222-3333-4444-555555555555',
    secret: Buffer.alloc(32, 7),
    connIndex: 0,
    connectorId: 'ed2f79e4-de11-4ea2-9b8d-9b219f628edd',
    version: '2026.8.2',
    arch: 'linux_amd64',
    features: [
      'support_datagram_v2',
      'support_quic_eof',
      'management_logs',
      'allow_remote_config',
      'serialized_headers',
    ],
  })
})

test('what is answered is what a stock connector was seen to take, byte for byte', () => {
  assert.equal(encodeBootstrapReturn(0).toString('hex'), golden.bootstrapReturn)
  const registered = {
    id: '216e7662-b149-2aea-435e-4f93bf95a264',
    location: 'lab01',
    isRemotelyManaged: false,
  }
  assert.equal(encodeRegistered(1, registered).toString('hex'), golden.registered)
  assert.equal(encodeReturn(1).toString('hex'), golden.emptyReturn)
})

test('other answers are whole messages that say what they are', () => {
  const [refused] = createDeframer(() => maxBytes).push(encodeRefused(1, 'EDUPCONN'))
  assert.ok(Buffer.concat([...(refused ?? [])]).includes('EDUPCONN\0'))
  const unimplemented = decode(encodeUnimplemented(13).toString('hex'))
  assert.deepEqual(unimplemented, { kind: 'unimplemented' })
  const exception = encodeException(7, 'no such method', exceptions.unimplemented)
  assert.deepEqual(decode(exception.toString('hex')), { kind: 'other', tag: 3 })
})

test('messages are the same whatever pieces they come in', () => {
  const all = [golden.bootstrap, golden.register, golden.finish0, golden.finish1].join('')
  const bytes = Buffer.from(all, 'hex')
  fc.assert(
    fc.property(fc.array(fc.nat(bytes.length), { maxLength: 20 }), (cuts) => {
      const deframer = createDeframer(() => maxBytes)
      const at = [0, ...cuts.toSorted((a, b) => a - b), bytes.length]
      const kinds = at
        .slice(1)
        .flatMap((end, i) => deframer.push(bytes.subarray(at[i], end)))
        .map((segments) => decodeRpc(segments).kind)
      assert.deepEqual(kinds, ['bootstrap', 'call', 'finish', 'finish'])
    }),
  )
})

test('a message cut or changed anywhere is read, waited for, or malformed, and nothing else', () => {
  const bytes = Buffer.from(golden.register, 'hex')
  const mutations = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { maxLength: 8 })
  fc.assert(
    fc.property(mutations, fc.nat(bytes.length), (changes, length) => {
      const changed = Buffer.from(bytes)
      for (const [at, value] of changes) changed[at] = value
      readAll(changed.subarray(0, length === 0 ? undefined : length))
    }),
    { numRuns: 2_000 },
  )
})

test('noise is malformed or waited for', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 512 }), (noise) => readAll(Buffer.from(noise))),
    { numRuns: 2_000 },
  )
})

function readAll(bytes: Buffer): void {
  try {
    for (const segments of createDeframer(() => maxBytes).push(bytes)) {
      const message = decodeRpc(segments)
      if (message.kind === 'call') readRegistration(message.params)
    }
  } catch (error) {
    assert.ok(error instanceof PeerError, String(error))
    assert.equal(error.code, 'malformed-message')
  }
}
