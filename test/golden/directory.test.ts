import assert from 'node:assert/strict'
import { readFile, readdir, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { describe, test } from 'node:test'
import { ConfigError, formatProblem } from '../../src/errors.ts'
import { parseDirectory } from '../../src/config/worker/parse-directory.ts'

// Each NAME.yaml is read as a directory of groups and must give exactly NAME.txt. `UPDATE_GOLDEN=1`
// writes what came out: read the difference before committing it.
const golden = join(import.meta.dirname, 'directory')
const inputs = (await readdir(golden)).filter((name) => name.endsWith('.yaml'))

/** Who is looked for in each directory. */
const people = [
  { userId: 'u-alice', email: 'alice@example.com', emailVerified: true },
  { userId: 'u-alice', email: 'alice@example.com', emailVerified: false },
  { userId: 'u-bob', email: undefined, emailVerified: true },
  { userId: 'u-carol', email: 'carol@example.com', emailVerified: true },
  { userId: '007', email: undefined, emailVerified: true },
]

test('there are directories to read', () => {
  assert.ok(inputs.length > 0, `no .yaml in ${golden}`)
})

describe('a directory gives its golden output', () => {
  for (const input of inputs) {
    test(basename(input, '.yaml'), async () => {
      const output = describeDirectory(input, await readFile(join(golden, input), 'utf8'))
      const expected = join(golden, input.replace(/yaml$/, 'txt'))
      if (process.env['UPDATE_GOLDEN'] === '1') await writeFile(expected, output)
      assert.equal(output, await readFile(expected, 'utf8'))
    })
  }
})

function describeDirectory(input: string, text: string): string {
  try {
    const directory = parseDirectory(input, text)
    const lines = people.map((person) => {
      const verified = person.emailVerified ? '' : ' (not verified)'
      const groups = directory.groupsOf(person).join(' ')
      return `${person.userId} ${person.email ?? '-'}${verified}: ${groups}`.trimEnd()
    })
    return `${[`${directory.size} memberships`, ...lines].join('\n')}\n`
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return `${error.problems.map(formatProblem).join('\n')}\n`
  }
}
