import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readFileSync } from 'node:fs'
import { builtExecutable } from '../executable.fixture.ts'
import { findSystem } from '../systems.ts'
import { isSigned } from './mach-o.ts'
import { signMachO } from './sign-mach-o.ts'

const signed = readFileSync(builtExecutable(findSystem('darwin-x64')))

test('a signature is of the whole file: one bit more and it is of another', () => {
  assert.ok(isSigned(signed))
  for (const at of [5000, Math.floor(signed.length / 2)]) {
    signed.writeUInt8(signed.readUInt8(at) ^ 1, at)
    assert.ok(!isSigned(signed), `at ${at}`)
    signed.writeUInt8(signed.readUInt8(at) ^ 1, at)
  }
  assert.ok(!isSigned(Buffer.concat([signed, Buffer.alloc(1)])))
})

test('signing again changes nothing, and another name only the signature', () => {
  assert.ok(signMachO(signed, 'postern').equals(signed))
  const other = signMachO(signed, 'another-name')
  assert.ok(!other.equals(signed))
  assert.ok(isSigned(other))
})
