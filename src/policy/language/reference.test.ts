import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'yaml'
import { allCriteria } from '../criteria/all.ts'
import { allReasons } from '../explain.ts'
import { parsePolicy } from './parse.ts'
import { renderPolicyReference } from './reference.ts'

const text = renderPolicyReference()

test('the reference names every criterion and every reason', () => {
  for (const { name } of allCriteria) assert.match(text, new RegExp(`^\\| \`${name}[\`/]`, 'm'))
  for (const reason of allReasons) assert.ok(text.includes(`| \`${reason}\` |`), reason)
})

test("the reference's example is a policy", () => {
  const yaml = /```yaml\n([\s\S]*?)```/.exec(text)?.[1] ?? ''
  const { policy } = parse(yaml) as { policy: unknown }
  assert.ok('policy' in parsePolicy(policy))
})

test('the reference has its parts in their order, each with its table', () => {
  const parts = [
    /^# Policies\n\nThis file is made/,
    /\n\n## Criteria\n\n\| criterion \| data \| what it says \|\n\| --- \| --- \| --- \|\n\| `accept` \| anything \| always holds/,
    /\n\n## Matchers\n\nA \*\*string matcher/,
    /\n\n## Reasons\n\nWhat refusals and the authorize log say, code by code:\n\n\| reason \| meaning \|\n\| --- \| --- \|\n\| `accept` \| the policy accepts/,
    /route names \|\n$/,
  ]
  const places = parts.map((part) => text.search(part))
  assert.ok(!places.includes(-1), places.join(', '))
  assert.deepEqual(
    places,
    [...places].sort((one, other) => one - other),
  )
})
