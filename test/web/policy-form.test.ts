import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  actionOf,
  rulesOf,
  selectorsOf,
  shownValue,
  withSelectors,
} from '../../src/web/console/policies/rules.ts'
import { emailsOfPolicy, policyOfEmails } from '../../src/web/console/policies/simple-policy.ts'
import { yamlPlaceAt } from '../../src/web/ui/yaml-editor/yaml-path.ts'

describe("rules in Cloudflare's words", () => {
  const rule = {
    name: 'engineers',
    action: 'non_identity',
    include: [{ email: { email: 'a@b.example' } }, { everyone: {} }],
    session_duration: '24h',
  }

  test('are read with whatever else they hold', () => {
    assert.deepEqual(rulesOf([rule]), [rule])
    assert.deepEqual(rulesOf(undefined), [])
    assert.equal(actionOf(rule), 'service_auth')
    const selectors = selectorsOf(rule, 'include')
    assert.deepEqual(
      selectors?.map(({ value }) => shownValue(value)),
      ['a@b.example', '{}'],
    )
    const changed = withSelectors(rule, 'require', [{ name: 'ip', value: '10.0.0.0/8' }])
    assert.deepEqual(changed, { ...rule, require: [{ ip: '10.0.0.0/8' }] })
    assert.deepEqual(withSelectors(changed, 'require', []), rule)
  })

  test('that the form cannot show are not shown wrongly', () => {
    for (const policies of [
      'x',
      [7],
      [{ ...rule, action: 'x' }],
      [{ ...rule, include: 'everyone' }],
      [{ ...rule, include: [{ email: 'a', ip: 'b' }] }],
    ])
      assert.equal(rulesOf(policies), undefined)
  })
})

describe('a policy that lets in some people', () => {
  test('is their addresses', () => {
    const emails = ['ada@example.com', 'bob@example.com']
    assert.deepEqual(emailsOfPolicy(policyOfEmails(emails)), emails)
    assert.deepEqual(emailsOfPolicy({ allow: { or: [{ email: 'ada@example.com' }] } }), [emails[0]])
    assert.deepEqual(emailsOfPolicy(undefined), [])
    assert.equal(policyOfEmails([]), undefined)
  })

  test('is not the addresses alone where it says more', () => {
    for (const policy of [
      [{ allow: { and: [{ email: { is: 'a' } }] } }],
      [{ allow: { or: [{ email: { is: 'a' } }], and: [] } }],
      [{ allow: { or: [{ email: { is: 'a', not: 'b' } }] } }],
      [{ allow: { or: [{ email: 'a' }] } }, { deny: { or: [] } }],
      [{ allow: { or: [{ email: 'a' }] }, deny: { or: [{ email: 'b' }] } }],
      { deny: { or: [{ email: 'a' }] } },
    ])
      assert.equal(emailsOfPolicy(policy), undefined, JSON.stringify(policy))
  })
})

describe('where somebody writes in a policy', () => {
  const at = (text: string) => yamlPlaceAt(text, text.length)

  test('is found by indentation', () => {
    const text = ['- allow:', '    or:', '      - email:', '          is: ada', '      - dom'].join(
      '\n',
    )
    assert.deepEqual(at(text), { path: ['allow', 'or'], isKey: true, from: text.length - 3 })
    assert.deepEqual(at('- '), { path: [], isKey: true, from: 2 })
    assert.deepEqual(at('- allow:\n    a').path, ['allow'])
    assert.deepEqual(at('- allow:\n    or:\n      - email:\n          i').path, [
      'allow',
      'or',
      'email',
    ])
    assert.deepEqual(at('- allow:\n    or:\n- d').path, [])
  })

  test('may be a value', () => {
    const text = 'action: al'
    assert.deepEqual(at(text), { path: ['action'], isKey: false, from: 8 })
  })
})
