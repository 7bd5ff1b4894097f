import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ConfigError } from './errors.ts'
import { formatPath, parseYaml, parseYamlInTurns, type YamlText } from './yaml-text.ts'

function problemsOf(text: string): readonly string[] {
  try {
    parseYaml('f', text)
    return []
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    return error.problems.map(({ line, column, message }) => `${line}:${column} ${message}`)
  }
}

/** Everything that a text has to tell. */
async function told(read: () => YamlText | Promise<YamlText>): Promise<unknown> {
  try {
    const yaml = await read()
    return [yaml.value, yaml.problem(['a', 'b', 1], 'x'), yaml.problem(['a'], 'x', { at: 'key' })]
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    return error.problems
  }
}

test('a text that is read in turns says what it says at once, faults included', async () => {
  const part = fc.constantFrom(
    'a: ',
    'b: ',
    '- ',
    '\n',
    '\n  ',
    '1',
    '"x',
    '"',
    '{',
    '}',
    '[',
    ']',
    ', ',
    '&k ',
    '*k',
    '<<: ',

    '---\n',
    '...\n',
    '# c',
    '\t',
    '|\n',
    '!!str ',
    '%YAML 1.1\n',
    '\u0000',
    'é',
    '\r\n',
    '? ',
    ': ',
  )
  const text = fc.array(part, { maxLength: 40 }).map((parts) => parts.join(''))
  await fc.assert(
    fc.asyncProperty(text, async (it) => {
      assert.deepEqual(
        await told(() => parseYamlInTurns('f', it)),
        await told(() => parseYaml('f', it)),
      )
    }),
    {
      numRuns: 500,
      examples: [[''], ['a: {b: [1, 2]}\n'], ['a\n---\nb'], ['a: 1\na: 2'], ['a: b: c']],
    },
  )
})

describe('a YAML text', () => {
  test('is read as its values, JSON too', () => {
    assert.deepEqual(parseYaml('f', 'a: [1, x, true, null]\nb: {c: "d"}').value, {
      a: [1, 'x', true, null],
      b: { c: 'd' },
    })
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), fc.jsonValue()), (value) => {
        assert.deepEqual(parseYaml('f', JSON.stringify(value, null, '\t')).value, {
          ...(JSON.parse(JSON.stringify(value)) as object),
        })
      }),
    )
  })

  test('means the same whatever version it says it is', () => {
    const { value } = parseYaml('f', '%YAML 1.1\n---\na: no\nb: 2:20:00\nc: 2026-01-01\n')
    assert.deepEqual(value, { a: 'no', b: '2:20:00', c: '2026-01-01' })
  })

  test('shares what it names with an anchor', () => {
    const text = 'a: &x {p: 1, q: 2}\nb: *x\nc: {<<: *x, q: 3}\nd: {<<: [{q: 9}, *x]}\n'
    assert.deepEqual(parseYaml('f', text).value, {
      a: { p: 1, q: 2 },
      b: { p: 1, q: 2 },
      c: { p: 1, q: 3 },
      d: { p: 1, q: 9 },
    })
  })

  test('may use one anchor as often as it has routes', () => {
    const { value } = parseYaml('f', `a: &x [1]\nb: [${'*x, '.repeat(5000)}]`)
    assert.equal((value as { b: unknown[] }).b.length, 5000)
  })

  test('cannot put something in the place of a prototype', () => {
    const value = parseYaml('f', '__proto__: {admin: true}').value as { admin?: boolean }
    assert.equal(value.admin, undefined)
    assert.deepEqual(Object.keys(value), ['__proto__'])
  })
})

describe('a broken YAML text', () => {
  test('is told with line and column', () => {
    assert.deepEqual(problemsOf('a: 1\na: 2'), [
      '2:1 "a" is given twice: the first one is on line 1',
    ])
    assert.deepEqual(problemsOf('a: *b'), ['1:4 unknown alias "*b"'])
    assert.deepEqual(problemsOf('a: &b [*b]'), ['1:8 alias "*b" contains itself'])
    assert.deepEqual(problemsOf('a: 1\n---\nb: 2'), [
      '2:1 starts a second document: one is expected',
    ])
    assert.match(problemsOf('a: !!binary aGk=').join(), /^1:4 .*tag/)
    assert.match(problemsOf('a: "b').join(), /^1:4 opens a quote/)
  })

  test('that expands to too much is refused before it is expanded', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]']
    for (let i = 1; i < 60; i += 1) lines.push(`a${i}: &a${i} [*a${i - 1}, *a${i - 1}]`)
    assert.match(problemsOf(lines.join('\n')).join(), /more than 200000 values/)
  })

  test('that names one long text too often is refused, as a value and as a key', () => {
    const long = 'x'.repeat(100_000)
    const names = Array.from({ length: 400 }, () => '*a').join(', ')
    const fault = '1:1 holds more than 33554432 characters once its aliases are expanded'
    assert.deepEqual(problemsOf(`a: &a ${long}\nb: [${names}]\n`), [fault])
    assert.deepEqual(problemsOf(`a: &a {${long}: 1}\nb: [${names}]\n`), [fault])
    assert.deepEqual(problemsOf(`a: &a ${long}\nb: [*a, *a]\n`), [])
  })

  test('that is nested too deeply is refused', () => {
    for (const open of ['[', '{a: ', '- ']) {
      assert.notDeepEqual(problemsOf(open.repeat(20_000)), [])
    }
  })

  test('of any kind is a ConfigError and nothing else', () => {
    const piece = fc.constantFrom(
      'a',
      ': ',
      '\n',
      '- ',
      '&x ',
      '*x',
      '[',
      ']',
      '{',
      '}',
      '"',
      ' ',
      '<<',
      '? ',
      '#',
      '!',
      '|',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        problemsOf(pieces.join(''))
      }),
      { numRuns: 1000 },
    )
  })
})

describe('a problem', () => {
  const text = parseYaml('f', 'a:\n  - b: 1\n    c: &x\n      d: 2\ne: *x\ng:\n  <<: *x\n')
  const place = (...args: Parameters<typeof text.problem>): string => {
    const { line, column, path } = text.problem(...args)
    return `${line}:${column} ${path}`
  }

  test('points at the value, or at the key where that is at fault', () => {
    assert.equal(place(['a', 0, 'b'], ''), '2:8 a[0].b')
    assert.equal(place(['a', 0, 'b'], '', { at: 'key' }), '2:5 a[0].b')
    assert.equal(place(['a', 0], ''), '2:5 a[0]')
  })

  test('of what is missing points at the nearest thing above it', () => {
    assert.equal(place(['a', 0, 'z', 'y'], ''), '2:5 a[0].z.y')
    assert.equal(place(['z'], ''), 'undefined:undefined z')
  })

  test('within an alias or a merged mapping points at where it is written', () => {
    assert.equal(place(['e', 'd'], ''), '4:10 e.d')
    assert.equal(place(['g', 'd'], ''), '4:10 g.d')
  })
})

test('a path quotes the keys that are no words', () => {
  assert.equal(
    formatPath(['routes', 3, 'allow', 'claim/a', 'x.y']),
    'routes[3].allow.claim/a["x.y"]',
  )
})
