import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { isSearchedByDefault } from './by-default.ts'
import { unsearched } from './unsearched.ts'

const directory = join(import.meta.dirname, '..')
const fileOf = (name: string): string => join(directory, `${name}.test.ts`)

test('a scope of an end-to-end test is searched, unless its file is named', () => {
  const of = (file: string): boolean => isSearchedByDefault(file, '')
  assert.equal(of(fileOf('a-new-one')), true)
  assert.equal(of(fileOf('console/a-new-one')), true)
  assert.equal(of(join(directory, '..', 'soak', 'main.ts')), false)
  assert.equal(of(join(directory, '..', 'bad-input', 'budget.test.ts')), false)
  for (const name of unsearched.keys()) assert.equal(of(fileOf(name)), false)
})

test('POSTERN_SEARCH_SECRETS turns the search on and off everywhere', () => {
  const [named = ''] = unsearched.keys()
  assert.equal(isSearchedByDefault(fileOf(named), '1'), true)
  assert.equal(isSearchedByDefault(fileOf('a-new-one'), '0'), false)
})

test('every file that is named is there', () => {
  for (const name of unsearched.keys()) assert.ok(existsSync(fileOf(name)), name)
})
