import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { codePoint } from '../../code-point.fixture.ts'
import { maxNameChars } from '../wire/connection.ts'
import { createNames, isPlainName, isSameName, nameKey, otherName } from './names.ts'

describe('the names of connections', () => {
  test('are one whatever their case, their blanks and how their letters are composed', () => {
    assert.ok(isSameName('Orders  DB', ' orders db'))
    assert.equal(nameKey('gr\u00f6\u00dfer'), nameKey('gro\u0308\u00dfer'))
    assert.ok(!isSameName('orders', 'orders 2'))
  })

  test('get the next number that is free', () => {
    const names = createNames(['db', 'DB 2', 'server 1'])
    assert.deepEqual(
      ['db', 'db', 'db 2', 'server 1', 'cache', 'Cache'].map((name) => names.take(name)),
      ['db 3', 'db 4', 'db 5', 'server 1 2', 'cache', 'Cache 2'],
    )
    assert.equal(otherName('db 2', ['db', 'db 2']), 'db 3')
    assert.equal(otherName('db', []), 'db 2')
    assert.ok(names.has('CACHE 2') && !names.has('cache 3'))
  })

  test('are each there once, however many there are of one, and none is too long', () => {
    const some = fc.constantFrom('a', 'A', 'a 2', 'a 3', 'a 2 2', 'x'.repeat(maxNameChars))
    const name = fc.oneof(some, fc.string({ minLength: 1, maxLength: 9, unit: codePoint }))
    fc.assert(
      fc.property(fc.array(name, { maxLength: 40 }), (wanted) => {
        const names = createNames([])
        const taken = wanted.map((each) => names.take(each))
        assert.equal(new Set(taken.map(nameKey)).size, wanted.length)
        assert.ok(taken.every((each) => each.length <= maxNameChars))
      }),
    )
  })

  test('ten thousand of one name are numbered without counting them anew each time', () => {
    const names = createNames([])
    for (let index = 0; index < 10_000; index += 1) names.take('db')
    assert.equal(names.take('db'), 'db 10001')
  })

  test('are plain where nothing is hidden, turned or begins a line', () => {
    for (const name of ['orders db', 'größer', '数据库', 'a "b" <c> & d'])
      assert.ok(isPlainName(name))
    for (const name of [
      'a\nb',
      'a\u001b[2J',
      'a\u202eb',
      'a\u200bb',
      'a\u2028b',
      'a\ud800',
      '\u0000',
    ])
      assert.ok(!isPlainName(name), JSON.stringify(name))
  })
})
