import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Body } from '../../src/web/console/documents/body.ts'
import { isSame, withKey } from '../../src/web/console/documents/body.ts'
import {
  isDrafted,
  draftOf,
  keepDraft,
  renewDraft,
} from '../../src/web/console/documents/kept-drafts.ts'
import { allKeys, emptyForm, formOfKeys } from '../../src/web/console/documents/kept-form.ts'
import { mergeBodies } from '../../src/web/console/documents/merge.ts'
import { partsOfPath, problemsAt } from '../../src/web/console/documents/problems.ts'
import { diffTexts, shorten } from '../../src/web/console/documents/text-diff.ts'
import { formatYaml, placeOf, readBody } from '../../src/web/console/documents/yaml-text.ts'

describe('two changes of one document', () => {
  const base = { from: 'a', to: 'b', timeout: '1h' }

  test('come together where they are of different keys', () => {
    const { body, kept, taken, clashes } = mergeBodies(
      base,
      { ...base, timeout: '2h', contact: 'me' },
      { from: 'a', to: 'c', timeout: '1h' },
    )
    assert.deepEqual(body, { from: 'a', to: 'c', timeout: '2h', contact: 'me' })
    assert.deepEqual([kept, taken, clashes], [['timeout', 'contact'], ['to'], []])
  })

  test('clash where both changed one key, each to something else', () => {
    const mine = withKey({ ...base, to: 'mine' }, 'timeout', undefined)
    const { body, clashes } = mergeBodies(base, mine, { ...base, to: 'theirs', timeout: '3h' })
    assert.deepEqual(body, { ...base, to: 'theirs', timeout: '3h' })
    assert.deepEqual(clashes, [
      { key: 'to', base: 'b', mine: 'mine', theirs: 'theirs' },
      { key: 'timeout', base: '1h', mine: undefined, theirs: '3h' },
    ])
  })

  test('lose nothing of either', () => {
    const body = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.constantFrom(1, 2, 'x'), {
      noNullPrototype: true,
    })
    fc.assert(
      fc.property(body, body, body, (base: Body, mine: Body, theirs: Body) => {
        const merged = mergeBodies(base, mine, theirs)
        const clashing = merged.clashes.map(({ key }) => key)
        for (const key of ['a', 'b', 'c', 'd']) {
          if (clashing.includes(key)) continue
          const wanted = isSame(base[key], mine[key]) ? theirs[key] : mine[key]
          assert.deepEqual(merged.body[key], wanted, key)
        }
        assert.deepEqual(mergeBodies(base, mine, base).body, mine)
        assert.deepEqual(mergeBodies(base, base, theirs).body, theirs)
      }),
    )
  })
})

test('a form is the same as all of its keys', () => {
  const form = { definition: { from: 'a' }, disabled: true, tags: ['x'] }
  assert.deepEqual(formOfKeys(allKeys(form)), form)
  const plain = { definition: { from: 'a' }, disabled: false, tags: [] }
  assert.deepEqual(allKeys(plain), { from: 'a' })
  assert.deepEqual(formOfKeys(allKeys(plain)), plain)
})

describe('a path of a problem', () => {
  test('is taken apart', () => {
    assert.deepEqual(partsOfPath('policy[0].allow.or[1]'), ['policy', 0, 'allow', 'or', 1])
    assert.deepEqual(partsOfPath('a["claim/x y"].is'), ['a', 'claim/x y', 'is'])
    assert.deepEqual(partsOfPath(''), [])
  })

  test('belongs to its first key', () => {
    const problems = ['to[1]', 'to', 'timeout', ''].map((path) => ({ path, message: 'wrong' }))
    assert.deepEqual(
      problemsAt(problems, 'to').map(({ path }) => path),
      ['to[1]', 'to'],
    )
    assert.deepEqual(
      problemsAt(problems, '').map(({ path }) => path),
      [''],
    )
  })
})

describe('the YAML of a document', () => {
  test('says the same when it is read again', () => {
    const plain = fc.jsonValue({ noUnicodeString: false })
    fc.assert(
      fc.property(fc.dictionary(fc.string({ minLength: 1 }), plain), (value) => {
        const read = readBody(formatYaml(value))
        assert.ok('value' in read)
        assert.ok(isSame(JSON.parse(JSON.stringify(read.value)), JSON.parse(JSON.stringify(value))))
      }),
      { numRuns: 30 },
    )
  })

  test('is told where it is wrong', () => {
    const read = readBody('from: a\nto: [b\n')
    assert.ok('faults' in read)
    assert.ok(read.faults.length > 0 && read.faults.every(({ from }) => from >= 8))
    assert.ok('faults' in readBody('- a list'))
    assert.ok('faults' in readBody('a: 1\na: 2\n'))
    assert.deepEqual(readBody(''), { value: {} })
  })

  test('grows by aliases to no end', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]']
    for (let n = 1; n < 9; n++) {
      const alias = `*a${n - 1}`
      lines.push(`a${n}: &a${n} [${Array.from({ length: 10 }, () => alias).join(', ')}]`)
    }
    assert.ok('faults' in readBody(lines.join('\n')))
  })

  test('shows the nearest place of a path', () => {
    const text = 'policy:\n  - allow:\n      or:\n        - email: {is: a}\n'
    const at = (path: (string | number)[]): string => {
      const { from, to } = placeOf(text, path)
      return text.slice(from, to).trimEnd()
    }
    assert.equal(at(['policy', 0, 'allow', 'or', 0, 'email', 'is']), 'a')
    assert.equal(at(['policy', 0, 'allow', 'or', 0, 'nothing']), 'email: {is: a}')
  })
})

describe('a diff', () => {
  test('has every line of both texts, in order', () => {
    const lines = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 12 })
    fc.assert(
      fc.property(lines, lines, (before, after) => {
        const diff = diffTexts(
          before.map((x) => `${x}\n`).join(''),
          after.map((x) => `${x}\n`).join(''),
        )
        const of = (kind: string): string[] =>
          diff.filter((line) => line.kind !== kind).map(({ text }) => text)
        assert.deepEqual(of('added').filter(Boolean), before)
        assert.deepEqual(of('removed').filter(Boolean), after)
      }),
    )
  })

  test('leaves out what is far from any change', () => {
    const before = Array.from({ length: 20 }, (_, n) => `${n}\n`).join('')
    const shown = shorten(diffTexts(before, before.replace('10\n', 'ten\n')))
    assert.deepEqual(
      shown.map(({ text, skipped }) => [text, skipped]),
      [
        ['7', 7],
        ['8', 0],
        ['9', 0],
        ['10', 0],
        ['ten', 0],
        ['11', 0],
        ['12', 0],
        ['13', 0],
      ],
    )
  })

  test('of two long texts with little in common has each as a whole, between what is alike', () => {
    const long = (word: string): string[] =>
      Array.from({ length: 2_500 }, (_, n) => [`${word}: ${n}`, '---']).flat()
    const [before, after] = [long('before'), long('after')].map((lines) =>
      ['first', ...lines, 'last'].map((line) => `${line}\n`).join(''),
    )
    const runs: [kind: string, lines: number][] = []
    for (const { kind } of diffTexts(before ?? '', after ?? '')) {
      const run = runs.at(-1)
      if (run?.[0] === kind) run[1]++
      else runs.push([kind, 1])
    }
    assert.deepEqual(runs, [
      ['same', 1],
      ['removed', 4_999],
      ['added', 4_999],
      ['same', 2],
    ])
  })
})

test('what was changed of a document that is gone becomes a new one', () => {
  const base = { ...emptyForm, definition: { from: 'a' }, revision: 7, updatedBy: 'ada' }
  const form = { definition: { from: 'b' }, disabled: true, tags: ['eu'] }
  keepDraft('routes/db', { base, form })
  renewDraft('routes/db', 'routes/again db')
  assert.ok(!isDrafted('routes/db'))
  assert.deepEqual(draftOf('routes/again db'), { base: emptyForm, form })
  keepDraft('routes/again db', undefined)
  renewDraft('routes/again db', 'routes/db')
  assert.ok(!isDrafted('routes/db'))
})
