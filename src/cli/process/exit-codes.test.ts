import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { SystemError } from '../../errors.ts'
import { exitCodeOf, exitCodes } from './exit-codes.ts'

const source = join(import.meta.dirname, '..', '..')
const thrown = /new (?:System|Access|Upstream|Peer)Error\(\s*'([a-z-]+)'/g

test('no error that a command throws on purpose ends it as an error of postern itself', () => {
  // What a command asks of a gateway comes back as what the gateway has thrown.
  const rooms = ['cli', 'client', 'control', 'catalog', 'requests'].map((room) =>
    join(source, room, '**', '*.ts'),
  )
  const files = globSync(rooms).filter((path) => !/\.(?:test|fixture)\.ts$/.test(path))
  const codes = files.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(thrown)].map(([, code = '']) => code),
  )
  assert.ok(codes.length > 20, `only ${codes.length}`)
  const composed = ['route', 'policy'].flatMap((kind) =>
    ['not-found', 'exists', 'in-file'].map((what) => `${kind}-${what}`),
  )
  for (const code of [...codes, ...composed].filter((it) => it !== 'control-failed'))
    assert.notEqual(exitCodeOf(new SystemError(code, 'so it is')), exitCodes.internal, code)
})

test('a gateway whose configuration lacks a key of its database ends as for a wrong configuration', () => {
  const error = new SystemError('token-key-missing', 'so it is')
  assert.equal(exitCodeOf(error), exitCodes.usage)
})

test('a command that the database of the gateway does not answer is told that it is about this machine', () => {
  for (const code of ['store-busy', 'store-closed', 'store-failed'])
    assert.equal(exitCodeOf(new SystemError(code, 'so it is')), exitCodes.system, code)
})
