import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { formatFrom, partsOfFrom, typeHost } from '../../src/web/console/routes/from-parts.ts'
import { entriesOfTo, formatTo, typeAddress } from '../../src/web/console/routes/to-entries.ts'

describe('the fields of "from"', () => {
  test('say what was written, and write it the same', () => {
    for (const from of [
      'tcp+https://db.example.com:5432',
      'tcp+https://*.lab.example.com:22',
      'tcp+https://db.example.com',
      'tcp+http://localhost:5432',
      'tcp+https://[2001:db8::1]:22',
      'tcp+https://:22',
      'tcp+https://',
    ]) {
      const parts = partsOfFrom(from)
      assert.ok(parts, from)
      assert.equal(formatFrom(parts), from)
    }
    assert.deepEqual(partsOfFrom(undefined), { protocol: 'tcp+https', host: '', port: '' })
  })

  test('leave alone what they cannot say', () => {
    for (const from of [
      'tcp+https://gate.example.com/db:5432',
      'https://db:5432',
      'db:5432',
      7,
      null,
    ])
      assert.equal(partsOfFrom(from), undefined, String(from))
  })

  test('survive whatever is typed into them', () => {
    const letters = fc.constantFrom('a', 'b', '.', '-', '*', '1')
    const word = fc.string({ unit: letters, maxLength: 20 })
    fc.assert(
      fc.property(word, fc.nat({ max: 99_999 }), (host, port) => {
        const parts = { protocol: 'tcp+https', host, port: String(port) } as const
        assert.deepEqual(partsOfFrom(formatFrom(parts)), parts)
      }),
    )
  })

  test('are all filled by what is pasted into the host', () => {
    const empty = { protocol: 'tcp+https', host: '', port: '' } as const
    const whole = { protocol: 'tcp+https', host: 'db.example.com', port: '5432' }
    assert.deepEqual(typeHost(empty, ' db.example.com:5432 '), whole)
    assert.deepEqual(typeHost(empty, 'tcp+https://db.example.com:5432'), whole)
    assert.deepEqual(typeHost({ ...empty, port: '22' }, 'db'), { ...empty, host: 'db', port: '22' })
    assert.deepEqual(typeHost(empty, '[::1]:22'), { ...empty, host: '[::1]', port: '22' })
  })
})

describe('the fields of "to"', () => {
  test('say what was written, and write it the same', () => {
    for (const to of [
      'tcp://10.0.0.5:5432',
      ['tcp://10.0.0.5:5432,3', 'tcp://10.0.0.6:5432,1'],
      ['tcp://10.0.0.5:5432'],
      'connector://lab',
      'connector://lab/10.0.0.5:22',
      'connector://lab/bastion',
      'connector://',
      'https://gate.example.com:8443,2',
      'http://localhost:8080',
    ]) {
      const entries = entriesOfTo(to)
      assert.ok(entries, String(to))
      assert.deepEqual(formatTo(entries, to), to)
    }
  })

  test('leave alone what they cannot say', () => {
    for (const to of ['10.0.0.5:22', ['tcp://a:1', 7], { host: 'a' }, null])
      assert.equal(entriesOfTo(to), undefined, JSON.stringify(to))
  })

  test('a scheme that is pasted says the way as well', () => {
    const entry = { way: 'tcp', address: '', connector: '', weight: '2' } as const
    assert.deepEqual(typeAddress(entry, 'connector://lab/db:5432'), {
      way: 'connector',
      connector: 'lab',
      address: 'db:5432',
      weight: '',
    })
    assert.deepEqual(typeAddress(entry, 'db:5432 '), { ...entry, address: 'db:5432' })
  })
})
