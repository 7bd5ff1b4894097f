import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answerCall, completeTypes } from './served-object.ts'

const object = {
  'org.example.One': {
    methods: {
      Add: {
        takes: 'ii',
        gives: 'i',
        run: ([a, b]: readonly unknown[]) => [Number(a) + Number(b)],
      },
    },
    properties: { Name: { signature: 's', value: () => 'one' } },
    signals: { Gone: 'ia{sv}' },
  },
}

test('a call need not name its interface', () => {
  const call = { member: 'Add', signature: 'ii', body: [1, 2] }
  assert.deepEqual(answerCall(object, call), { signature: 'i', body: [3] })
})

test('only what is named is called, and only with what it takes', () => {
  const one = 'org.example.One'
  const bad = [
    [{ interface: one, member: 'Add', signature: 'i', body: [1] }, 'InvalidArgs'],
    [{ interface: one, member: 'toString' }, 'UnknownMethod'],
    [{ interface: 'toString', member: 'Add' }, 'UnknownInterface'],
    [{ member: 'Nothing' }, 'UnknownInterface'],
  ] as const
  for (const [call, name] of bad) {
    assert.throws(() => answerCall(object, call), { code: `org.freedesktop.DBus.Error.${name}` })
  }
})

test('a signature is its types', () => {
  assert.deepEqual(completeTypes('ua(ia{sv}av)(i(ii))aiaai'), [
    'u',
    'a(ia{sv}av)',
    '(i(ii))',
    'ai',
    'aai',
  ])
})
