import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plainAddress, plainText } from './plain-address.ts'

test('an address is the same however it is spelt', () => {
  for (const [text, plain] of [
    ['ann.b_c+d@x-1.example', 'ann.b_c+d@x-1.example'],
    ['Ann@X.Example', 'ann@x.example'],
    ['  ann \t b @ x.example\n', 'annb@x.example'],
    ['..ann..@..x.example..', 'ann@x.example'],
    ['a.b@x.example', 'a.b@x.example'],
    ['a\u200bnn@x.example', 'ann@x.example'],
    ['a\u00adnn@x.example', 'ann@x.example'],
    ['ａｎｎ@x.example', 'ann@x.example'],
    ['ann@x\u3002example', 'ann@x.example'],
    ['ann@xn--mnchen-3ya.example', 'ann@münchen.example'],
    ['ann@xn--a.example', 'ann@xn--a.example'],
    ['ann@MÜNCHEN.example', 'ann@münchen.example'],
    ['ann.Ä@x.example', 'ann.ä@x.example'],
  ] as const)
    assert.equal(plainAddress(text), plain, JSON.stringify(text))
})

test('of a part of an address what stands at its ends is meant', () => {
  assert.equal(plainText('.X '), '.x ')
})

test('of a text so much is looked at as no address is long', () => {
  assert.equal(plainText('x'.repeat(1_001)).length, 1_000)
})
