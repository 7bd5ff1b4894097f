import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type {
  CheckTextAnswer,
  ConvertAnswer,
  PolicyLanguageAnswer,
} from '../wire/policy-language.ts'
import { createApiRig } from './api.fixture.ts'

describe('the API of the policy editor', () => {
  test('an auditor reads the words of policies', async () => {
    const { ask } = createApiRig({ role: { role: 'auditor' } })
    const words = (await (await ask('GET', '/policy-language')).json()) as PolicyLanguageAnswer
    assert.ok(words.criteria.some(({ name, matcher }) => name === 'email' && matcher === 'string'))
    assert.ok(words.selectors.some(({ name, flag }) => name === 'everyone' && flag))
  })

  test('a text is converted, or each part that cannot be is told', async () => {
    const { ask } = createApiRig({ role: { role: 'auditor' } })
    const convert = async (from: string, text: string) =>
      (await (
        await ask('POST', '/policies/convert', { body: { from, text } })
      ).json()) as ConvertAnswer
    assert.deepEqual(await convert('policies', '[{action: allow, include: [{group: dba}]}]'), {
      text: '- allow:\n    or:\n      - groups:\n          has: dba\n',
      problems: [],
    })
    const { text, problems } = await convert('policy', 'allow: {or: [{user: u-1}]}')
    assert.deepEqual([text, problems.map(({ column }) => column)], [null, [15]])
  })

  test('faults of a text are told while it is written', async () => {
    const { ask } = createApiRig({ role: { role: 'admin', namespaces: ['lab'] } })
    const body = { from: 'policy', text: 'allow: {or: [{emial: x}]}' }
    const answer = (await (
      await ask('POST', '/policies/check-text', { body })
    ).json()) as CheckTextAnswer
    assert.deepEqual(answer.problems, [
      {
        line: 1,
        column: 15,
        end_line: 1,
        end_column: 20,
        message: 'unknown criterion "emial"',
        hint: 'did you mean "email"?',
      },
    ])
    const long = { from: 'policy', text: 'x'.repeat(70_000) }
    assert.equal((await ask('POST', '/policies/check-text', { body: long })).status, 400)
  })
})
