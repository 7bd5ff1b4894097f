import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTakenAddresses } from './taken-addresses.ts'

test('a local address is taken by the same one, or by all addresses of its port', () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ['127.0.0.1:5432', '5432', true],
    ['localhost:5432', '127.0.0.1:5432', true],
    ['127.0.0.1:5432', '127.0.0.2:5432', false],
    ['127.0.0.1:5432', '127.0.0.1:5433', false],
    [':5432', '127.0.0.2:5432', true],
    ['127.0.0.2:5432', ':5432', true],
    ['0.0.0.0:5432', '[::]:5432', true],
    ['127.0.0.1:0', '127.0.0.1:0', false],
    ['unix:/run/a.sock', 'unix:/run/a.sock', true],
    ['unix:/run/a.sock', 'unix:/run/b.sock', false],
    ['nothing', 'nothing', false],
  ]
  for (const [one, other, isTaken] of cases) {
    const taken = createTakenAddresses()
    taken.add(one, 'db')
    assert.equal(taken.holderOf(other), isTaken ? 'db' : undefined, `${one} ${other}`)
  }
})

test('the first one has it', () => {
  const taken = createTakenAddresses()
  taken.add('127.0.0.1:1', 'first')
  taken.add('127.0.0.1:1', 'second')
  assert.equal(taken.holderOf(':1'), 'first')
})
