import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parsePolicy } from './parse.ts'

function warned(...and: readonly unknown[]): readonly string[] {
  const parsed = parsePolicy({ allow: { and } })
  return 'warnings' in parsed
    ? parsed.warnings.map(
        ({ path, message, hint }) => `${path.slice(2).join('.')}: ${message} (${hint})`,
      )
    : assert.fail(JSON.stringify(parsed.problems))
}

const never = (at: string, name: string, noun: string): readonly string[] => [
  `${at}: can never hold beside the "${name}" before it: nobody has more than one ${noun} (for either of them, put both under "or", or write {${name}: {in: […]}})`,
]

test('nobody has two of what there is one of', () => {
  assert.deepEqual(warned({ user: 'a' }, { user: 'b' }), never('1.user', 'user', 'id'))
  const email = [{ email: 'a@x.example' }, { email: 'b@x.example' }]
  assert.deepEqual(warned(...email), never('1.email', 'email', 'email address'))
  const domain = [{ domain: 'x.example' }, { domain: { is: 'y.example' } }]
  assert.deepEqual(warned(...domain), never('1.domain', 'domain', 'domain'))
  const provider = [{ provider: { in: ['a', 'b'] } }, { provider: 'c' }]
  assert.deepEqual(warned(...provider), never('1.provider', 'provider', 'provider'))
})

test('addresses are compared without their case, ids with it', () => {
  assert.deepEqual(warned({ email: 'a@x.example' }, { email: 'A@X.example' }), [])
  assert.deepEqual(warned({ domain: 'x.example' }, { domain: 'X.example' }), [])
  assert.deepEqual(warned({ user: 'a' }, { user: 'A' }), never('1.user', 'user', 'id'))
})

test('each is compared with what all before it have in common, and told of once', () => {
  const lists = [
    ['a', 'b'],
    ['b', 'c'],
    ['a', 'c'],
  ].map((names) => ({ user: { in: names } }))
  assert.deepEqual(warned(...lists), never('2.user', 'user', 'id'))
  const three = [{ user: 'a' }, { user: 'b' }, { user: 'c' }]
  assert.deepEqual(warned(...three), never('1.user', 'user', 'id'))
})

test('what somebody may have several of, or is named by a part, is no contradiction', () => {
  assert.deepEqual(warned({ groups: 'a' }, { groups: 'b' }), [])
  assert.deepEqual(warned({ user: { starts_with: 'a' } }, { user: { starts_with: 'b' } }), [])
  assert.deepEqual(warned({ user: 'a' }, { email: 'b@x.example' }), [])
})
