import assert from 'node:assert/strict'
import { homedir } from 'node:os'
import { test } from 'node:test'
import { homeDirectory } from './home-directory.ts'

test('a home is an absolute path, or none', () => {
  assert.equal(homeDirectory(), homedir())
  assert.equal(
    homeDirectory(() => ''),
    undefined,
  )
  assert.equal(
    homeDirectory(() => 'here'),
    undefined,
  )
})

test('a user whom the system does not know has none', () => {
  const unknown = (): string => {
    throw new Error('uv_os_homedir returned ENOENT')
  }
  assert.equal(homeDirectory(unknown), undefined)
})
