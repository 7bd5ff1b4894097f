import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError } from '../../errors.ts'
import { parseDirectory } from './parse-directory.ts'
import { renderConfigurationReference } from '../reference.ts'

test("the reference's example is a directory", () => {
  const reference = renderConfigurationReference()
  const section = reference.slice(reference.indexOf('## The directory file'))
  const example = /```yaml\n([\s\S]*?)```/.exec(section)?.[1] ?? ''
  const directory = parseDirectory('example', example)
  const alice = { userId: 'x', email: 'alice@example.com', emailVerified: true }
  assert.deepEqual(directory.groupsOf(alice), ['dba', 'engineering'])
  const dave = { userId: 'y', email: 'dave@example.com', emailVerified: true }
  assert.deepEqual(directory.groupsOf(dave), ['dba'])
})

test('more memberships than are read are a fault, and so are more faults than are told', () => {
  const members = Array.from({ length: 50_001 }, (_, index) => `u-${index}`)
  const text = JSON.stringify({ groups: { a: members, b: members } })
  assert.throws(() => parseDirectory('d', text), /100002 memberships, and at most 100000/)
  const faulty = JSON.stringify({ groups: { a: Array.from({ length: 5_000 }, () => 7) } })
  assert.throws(
    () => parseDirectory('d', faulty),
    (error) => error instanceof ConfigError && error.problems.length === 50,
  )
})

test('names that every object has are names like any other', () => {
  const text = 'groups: {constructor: [toString], __proto__: [hasOwnProperty]}\n'
  const directory = parseDirectory('d', text)
  const of = (userId: string): readonly string[] =>
    directory.groupsOf({ userId, email: undefined, emailVerified: true })
  assert.deepEqual(of('toString'), ['constructor'])
  assert.deepEqual(of('hasOwnProperty'), ['__proto__'])
  assert.deepEqual(of('valueOf'), [])
})
