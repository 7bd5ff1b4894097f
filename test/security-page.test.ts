import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'

// What docs/security.md says is held by a test that is there, by its name: a claim that nothing holds is worse than none.

const root = join(import.meta.dirname, '..')
const page = readFileSync(join(root, 'docs/security.md'), 'utf8')
/** What says of itself that no test holds it, or has tests of its own kind. */
const exempt = ['What nothing here holds', 'Fuzzing', 'Attacks that are tried']

describe('the security page', () => {
  test('says enough for these tests to mean something', () => {
    assert.ok(claimsOf(page).length > 80, String(claimsOf(page).length))
    assert.ok(proofsOf(page).size > 70, String(proofsOf(page).size))
  })

  test('names a test for each claim', () => {
    assert.deepEqual(
      claimsOf(page).filter((claim) => citedIn(claim).length === 0),
      [],
    )
  })

  test('names tests that are there, by their names', () => {
    const missing = [...proofsOf(page)].filter(([, proof]) => !isThere(proof))
    assert.deepEqual(missing, [])
  })

  test('has what it cites, and cites what it has', () => {
    assert.deepEqual(new Set(citedIn(page)), new Set(proofsOf(page).keys()))
  })

  test('is where people look for it', () => {
    for (const [from, link] of [
      ['docs/README.md', '](security.md)'],
      ['SECURITY.md', '](docs/security.md)'],
    ] as const)
      assert.ok(readFileSync(join(root, from), 'utf8').includes(link), from)
  })
})

describe('SECURITY.md', () => {
  test('says how to report, what is supported, and how to tell a release', () => {
    const text = readFileSync(join(root, 'SECURITY.md'), 'utf8')
    for (const heading of [
      'Reporting a vulnerability',
      'What is supported',
      'Is it what we have made',
    ])
      assert.ok(text.includes(`\n## ${heading}\n`), heading)
    assert.match(text, /docs\/release\.md#to-verify-one/)
  })
})

describe('the tests of the security page', () => {
  const text = `## Who

- **One** is held. [test][a-1]
- **Two** says
  so. [test][b-1]
- **Three** is held by nothing.

| a thing | held by       |
| ------- | ------------- |
| a row   | [test][a-1]   |
| another | nothing       |

## What nothing here holds

- Not a claim.

[a-1]: ../test/security-page.test.ts 'names a test for each claim'
[b-1]: ../test/security-page.test.ts "says what is not there"
`

  test('find claims without a test, in lists and tables', () => {
    const without = claimsOf(text).filter((claim) => citedIn(claim).length === 0)
    assert.deepEqual(without, ['- **Three** is held by nothing.', '| another | nothing       |'])
    assert.equal(claimsOf(text).length, 5)
  })

  test('find tests and files that are not there', () => {
    const proofs = proofsOf(text)
    assert.deepEqual(
      [...proofs].map(([name, proof]) => [name, isThere(proof)]),
      [
        ['a-1', true],
        ['b-1', false],
      ],
    )
    assert.ok(!isThere({ file: 'test/gone.test.ts', title: 'names a test for each claim' }))
    // A title is the whole first argument of a test, not a part of one, nor another text.
    assert.ok(!isThere({ file: 'test/security-page.test.ts', title: 'names a test' }))
    assert.ok(!isThere({ file: 'test/security-page.test.ts', title: 'What nothing here holds' }))
  })
})

interface Proof {
  readonly file: string
  readonly title: string
}

/** The points of lists and the rows of tables, but their heads. */
function claimsOf(text: string): readonly string[] {
  return text
    .split(/^## /m)
    .slice(1)
    .filter((section) => !exempt.includes(section.split('\n')[0] ?? ''))
    .flatMap((section) => [...pointsOf(section), ...rowsOf(section)])
}

function pointsOf(section: string): readonly string[] {
  return [...section.matchAll(/^- .*(?:\n {2}.*)*/gm)].map(([point]) => point)
}

function rowsOf(section: string): readonly string[] {
  const lines = section.split('\n')
  const isRule = (line = ''): boolean => line.startsWith('| -')
  return lines.filter(
    (line, index) => line.startsWith('| ') && !isRule(line) && !isRule(lines[index + 1]),
  )
}

function citedIn(text: string): readonly string[] {
  return [...text.matchAll(/\[test\]\[([\w-]+)\]/g)].map(([, name = '']) => name)
}

function proofsOf(text: string): ReadonlyMap<string, Proof> {
  const lines = text.matchAll(/^\[([\w-]+)\]: \.\.\/(\S+) (['"])(.+)\3$/gm)
  return new Map(
    [...lines].map(([, name = '', file = '', , title = '']) => [name, { file, title }]),
  )
}

/** Whether a file has a test of this name, whichever of its kinds starts it. */
function isThere({ file, title }: Proof): boolean {
  const path = join(root, file)
  if (!/\.(?:test|suite)\.ts$/.test(file) || !existsSync(path)) return false
  const name = title.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)
  const calls = new RegExp(`\\b(?:test|\\w+Test)\\(\\s*(['"\`])${name}\\1`)
  return calls.test(readFileSync(path, 'utf8'))
}
