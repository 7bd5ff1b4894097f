import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatBound, limitsOf, renderLimits } from './limits.ts'

test('a bound is read with its unit and what happens beyond it', () => {
  const text = [
    '/** Longest head.',
    ' *',
    ' * @limit the head of a request,',
    ' * over any HTTP version: 431 `head_too_large`',
    ' */',
    'export const maxHeadBytes = 32 * 1024',
    '/** Nobody meets it. @limit none: a cache */',
    'const maxKept = 10',
    'const name = 7',
  ].join('\n')
  assert.deepEqual(limitsOf('gateway/x.ts', text), [
    {
      file: 'gateway/x.ts',
      what: 'the head of a request, over any HTTP version',
      bound: '32 KiB',
      beyond: '431 `head_too_large`',
    },
  ])
})

test('what looks like a bound and says nothing of itself is an error', () => {
  for (const line of [
    'const maxThings = 5',
    'const answerTimeoutMs = 5_000',
    'const lifeSeconds = 5',
  ])
    assert.throws(() => limitsOf('x.ts', line), /"x\.ts|x\.ts: "/)
  assert.throws(() => limitsOf('x.ts', '/** @limit nothing said */\nconst maxThings = 5'), /": "/)
})

test('a bound that is made of another constant is an error, since the page would not have it', () => {
  const text = '/** @limit bytes: they wait */\nconst maxBytes = 2 * mostBytes'
  assert.throws(() => limitsOf('x.ts', text), /x\.ts: "maxBytes" has/)
  assert.deepEqual(limitsOf('x.ts', text.replace('bytes', 'none')), [])
})

test('numbers are shown as people write them', () => {
  assert.deepEqual(
    [
      formatBound('timeoutMs', 600_000),
      formatBound('lifeSeconds', 300),
      formatBound('maxAgeMs', 86_400_000),
      formatBound('keepMs', 9_999_999 * 86_400_000),
      formatBound('gapMs', 1_500),
      formatBound('maxFileBytes', 4 * 1024 * 1024),
      formatBound('maxV1Bytes', 107),
      formatBound('maxHostLength', 253),
      formatBound('maxThings', 10_000),
    ],
    [
      '10 min',
      '5 min',
      '24 h',
      '9,999,999 d',
      '1500 ms',
      '4 MiB',
      '107 bytes',
      '253 characters',
      '10,000',
    ],
  )
})

test('a page without the markers is not written over', () => {
  assert.throws(() => renderLimits('# Limits\n'), /markers/)
})
