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
