import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatChecksums, parseChecksums } from './checksums.ts'

const sum = 'ab'.repeat(32)

test('checksums are read as sha256sum writes them, of text and of binary files', () => {
  const text = `${sum}  one.tar.gz\r\n${sum.toUpperCase()} *two.zip\n\n`
  const { byName, faults } = parseChecksums(text)
  assert.deepEqual(
    [...byName],
    [
      ['one.tar.gz', sum],
      ['two.zip', sum],
    ],
  )
  assert.deepEqual(faults, [])
  const files = [...byName].map(([name, sha256]) => ({ name, sha256 }))
  assert.equal(formatChecksums(files), `${sum}  one.tar.gz\n${sum}  two.zip\n`)
})

test('a name that leads anywhere but to a file beside the list is none', () => {
  const names = [
    '../etc/passwd',
    '/etc/passwd',
    'a/b',
    'a\\b',
    '.hidden',
    '-o',
    'a b',
    'a\0b',
    'C:a',
    '',
  ]
  for (const name of names) {
    const { byName, faults } = parseChecksums(`${sum}  ${name}`)
    assert.equal(byName.size, 0, name)
    assert.equal(faults.length, 1, name)
  }
})

test('of a list without an end the first names are taken', () => {
  const text = Array.from({ length: 5_000 }, (_, index) => `${sum}  file-${index}\n`).join('')
  const { byName, faults } = parseChecksums(text)
  assert.equal(byName.size, 200)
  assert.deepEqual(faults, ['it names more than 200 files'])
})
