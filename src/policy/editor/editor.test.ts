import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parse } from 'yaml'
import { accessActions } from '../cloudflare/parse.ts'
import { parsePolicy } from '../language/parse.ts'
import { problemsIn } from '../language/policy.suite.ts'
import { convertPolicyText } from './convert-text.ts'
import { languageWords } from './language-words.ts'
import { checkPolicyText } from './policy-text.ts'

/** `line:column-column message`, all on one line each. */
function faults(text: string, form: 'policy' | 'policies' = 'policy'): readonly string[] {
  return checkPolicyText(text, form).map(
    ({ line, column, endColumn, message, hint }) =>
      `${line}:${column}-${endColumn} ${message}${hint === undefined ? '' : ` (${hint})`}`,
  )
}

describe('a policy that is being written', () => {
  test('each fault is told at the word that is at fault', () => {
    const text = `- allow:
    or:
      - emial:
          is: a@example.com
      - email: {iss: a@example.com}
      - source_ip: "10.0.0.0/99"
- deny:
    xor: []
`
    assert.deepEqual(faults(text), [
      '3:9-14 unknown criterion "emial" (did you mean "email"?)',
      '5:17-20 unknown matcher "iss", expected "is", "not", "contains", "starts_with", "ends_with", "in" or "not_in" (did you mean "is"?)',
      '6:20-33 must have a prefix of 0 to 32 after the "/", not "99"',
      '8:5-8 unknown key "xor", expected "and", "or", "not" or "nor" (did you mean "or"?)',
    ])
  })

  test('a quoted word is at fault as a whole, and what is said is all there is', () => {
    const at = (text: string) => checkPolicyText(text, 'policy')
    for (const quote of ['"', "'"]) {
      const [fault, ...more] = at(
        `allow: {or: [{source_ip: ${quote}10.0 / 8${quote}}]} # ${quote}x`,
      )
      assert.deepEqual(more, [])
      assert.deepEqual([fault?.column, fault?.endColumn], [26, 36])
    }
    assert.deepEqual(at('allow: {or: [{emial: x}], and: []}').at(0), {
      line: 1,
      column: 15,
      endLine: 1,
      endColumn: 20,
      message: 'unknown criterion "emial"',
      hint: 'did you mean "email"?',
    })
    const [deep] = at('['.repeat(60))
    assert.deepEqual([deep?.message, 'hint' in (deep ?? {})], ['is nested too deeply', false])
  })

  test("so it is in Cloudflare's words", () => {
    const text = `- action: alow
  include: [{email: a}]
- action: allow
  include: []
`
    assert.deepEqual(faults(text, 'policies'), [
      '1:11-15 must be "allow", "block", "bypass" or "service_auth", not "alow"',
      '2:21-22 must be an email address, not "a"',
      '4:12-13 must have at least one selector (for everybody, write "include: [{everyone: true}]")',
    ])
  })

  test('what is no YAML is told at its place, and what is right or empty has no fault', () => {
    const [broken] = checkPolicyText('allow: [\n  {or: \n', 'policy')
    assert.ok(broken !== undefined && broken.line >= 1 && broken.endColumn > broken.column)
    assert.deepEqual(faults('\tallow: x'), ['1:1-2 is indented with a tab: YAML takes spaces only'])
    assert.deepEqual(faults('allow: {or: [{accept: true}]}'), [])
    assert.deepEqual(faults(''), [])
    assert.deepEqual(faults('', 'policies'), [])
  })
})

describe('a text that is made to cost much', () => {
  test('brackets in brackets are refused before they are parsed', () => {
    const [fault] = checkPolicyText(`allow: ${'['.repeat(30_000)}`, 'policy')
    assert.deepEqual([fault?.message, fault?.column], ['is nested too deeply', 58])
    assert.deepEqual(faults(`allow: {or: [${'{email: "[[[["},'.repeat(10)}]}`), [])
  })

  test('of a text that is wrong everywhere the first faults are told', () => {
    const text = `allow:\n  or:\n${'    - a: 1\n'.repeat(3_000)}`
    assert.equal(checkPolicyText(text, 'policy').length, 100)
    assert.equal(checkPolicyText(' or:\n \n or:\n'.repeat(100), 'policy').length, 100)
  })

  test('aliases make no more of a text than a longest one without them', () => {
    const items = '- {source_ip: 10.0.0.0/8}\n  '.repeat(300)
    const rules = '- {allow: {or: *all}}\n'.repeat(300)
    const text = `- allow:\n    or: &all\n${items.replaceAll(/^ */gm, '    ')}\n${rules}`
    assert.deepEqual(
      faults(text).map((fault) => fault.replace(/^\S+ /, '')),
      ['is too large'],
    )
  })
})

describe('the other view of a policy', () => {
  test('the policy language becomes a list of policies, and back', () => {
    const language = `- allow:
    and:
      - domain:
          is: example.com
      - groups:
          has: dba
- deny:
    or:
      - email:
          is: mallory@example.com
`
    const policies = `- action: block
  include:
    - email: mallory@example.com
- action: allow
  include:
    - email_domain: example.com
  require:
    - group: dba
`
    assert.deepEqual(convertPolicyText(language, 'policy'), { text: policies })
    const back = convertPolicyText(policies, 'policies')
    assert.ok('text' in back)
    assert.deepEqual(parse(back.text), [
      { deny: { or: [{ email: { is: 'mallory@example.com' } }] } },
      { allow: { and: [{ domain: { is: 'example.com' } }, { groups: { has: 'dba' } }] } },
    ])
  })

  test('what the other view has no words for is told at its place', () => {
    const language = `allow:
  or:
    - claim/level: 7
    - time_of_day: {timezone: UTC, after: "9:00"}
    - user: u-1
`
    const converted = convertPolicyText(language, 'policy')
    assert.ok('problems' in converted)
    assert.deepEqual(
      converted.problems.map(({ line, column, message }) => [line, column, message]),
      [
        [3, 7, 'criterion "claim/level" has no equal in this view'],
        [4, 7, 'criterion "time_of_day" has no equal in this view'],
        [5, 7, 'criterion "user" has no equal in this view'],
      ],
    )
    const blocked = `- {action: allow, include: [{group: a}]}
- {action: block, include: [{group: b}]}
- {action: allow, include: [{everyone: true}]}
`
    const other = convertPolicyText(blocked, 'policies')
    assert.ok('problems' in other)
    assert.deepEqual(
      other.problems.map(({ line, message }) => [line, message]),
      [[2, 'blocks those whom no policy before it allows, and a "deny" keeps them all out']],
    )
  })

  test('each line of the other view stands for itself, however long it is', () => {
    const group = 'those who are on call '.repeat(8).trim()
    const and = [{ domain: { in: ['a.example', 'b.example'] } }, { groups: { has: group } }]
    const more = { email: { in: ['a@a.example', 'b@b.example', 'c@c.example'] } }
    const converted = convertPolicyText(
      JSON.stringify({ allow: { and: [...and, more] } }),
      'policy',
    )
    assert.ok('text' in converted)
    assert.equal(converted.text.split(`group: ${group}\n`).length, 3)
    assert.doesNotMatch(converted.text, /[&*]/)
  })

  test('a text with faults has no other view, but its faults', () => {
    const converted = convertPolicyText('allow: {or: [{emial: x}]}', 'policy')
    assert.ok('problems' in converted)
    assert.match(converted.problems[0]?.message ?? '', /unknown criterion "emial"/)
  })

  test('alternatives that would multiply beyond measure are refused', () => {
    const some = (at: string) => Array.from({ length: 60 }, (_, index) => `a${index}@${at}.example`)
    const and = [{ email: { in: some('one') } }, { email: { in: some('two') } }]
    const converted = convertPolicyText(JSON.stringify({ allow: { and } }), 'policy')
    assert.ok('problems' in converted)
    assert.match(converted.problems[0]?.message ?? '', /^is more than 50 policies/)
  })
})

describe('words that an editor offers', () => {
  const words = languageWords()

  test('the example of every criterion is one', () => {
    for (const { name, example } of words.criteria) {
      const criterion = { [name.replace('PATH', 'groups')]: parse(example) as unknown }
      assert.deepEqual(problemsIn(parsePolicy({ allow: { or: [criterion] } })), [], name)
    }
  })

  test('the words of matchers are all that the parsers take', () => {
    const taken = (criterion: string): string =>
      problemsIn(parsePolicy({ allow: { or: [{ [criterion]: { '?': 'x' } }] } })).join()
    const quoted = (list: readonly { readonly name: string }[]): string => {
      const names = list.map(({ name }) => `"${name}"`)
      return `expected ${names.slice(0, -1).join(', ')} or ${names.at(-1)}`
    }
    assert.ok(taken('email').includes(quoted(words.stringMatchers)))
    assert.ok(taken('groups').includes(quoted(words.listMatchers)))
  })

  test('each list has the names that are read, and says something of its own of each', () => {
    const names = (list: readonly { readonly name: string }[]) => list.map(({ name }) => name)
    assert.deepEqual(names(words.sides), ['allow', 'deny'])
    assert.deepEqual(names(words.operators), ['and', 'or', 'not', 'nor'])
    assert.deepEqual(names(words.actions), [...new Set(Object.values(accessActions))])
    assert.deepEqual(names(words.parts), ['include', 'require', 'exclude'])
    for (const [list, of] of Object.entries(words)) {
      const docs = (of as readonly { readonly doc: string }[]).map(({ doc }) => doc)
      assert.ok(
        docs.every((doc) => doc.length > 10),
        list,
      )
      assert.equal(new Set(docs).size, docs.length, list)
    }
  })

  test('criteria with a matcher say which, and the others their keys', () => {
    const of = (name: string) => words.criteria.find((it) => it.name === name)
    assert.equal(of('email')?.matcher, 'string')
    assert.equal(of('claim/PATH')?.matcher, 'string-list')
    assert.deepEqual(of('time_of_day')?.keys, ['timezone', 'after', 'before'])
    assert.deepEqual(of('client_certificate')?.keys.at(0), 'fingerprint')
    assert.equal(words.selectors.find(({ name }) => name === 'everyone')?.isFlag, true)
  })
})
