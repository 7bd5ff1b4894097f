import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareVersions, newestOfEach, parseExecutable } from './executable.ts'

test('the name of an archive says which version it is, and for which system', () => {
  const names = {
    'postern-0.1.0-linux-x64.tar.gz': ['0.1.0', 'linux-x64'],
    'postern-0.1.0-linux-arm64-musl.tar.gz': ['0.1.0', 'linux-arm64-musl'],
    'postern-1.0.0-rc.1-darwin-arm64.tar.gz': ['1.0.0-rc.1', 'darwin-arm64'],
    'postern-10.2.0+build.5-windows-x64.zip': ['10.2.0+build.5', 'windows-x64'],
  }
  for (const [name, [version, system]] of Object.entries(names))
    assert.deepEqual(parseExecutable(name), { version, system }, name)
  const others = [
    'SHA256SUMS',
    'postern_0.1.0_amd64.deb',
    'postern-0.1.0-linux-x64.tar.gz.asc',
    'postern-0.1.0-solaris-x64.tar.gz',
    'postern-0.1.0-windows-x64-musl.zip',
    'postern-linux-x64.tar.gz',
    "postern-0'1-linux-x64.tar.gz",
  ]
  for (const name of others) assert.equal(parseExecutable(name), undefined, name)
})

test('versions are ordered by their numbers, and a release stands behind what leads up to it', () => {
  const ordered = ['0.9.0', '0.10.0-rc.2', '0.10.0-rc.10', '0.10.0', '1.0.0']
  assert.deepEqual(ordered.toReversed().toSorted(compareVersions), ordered)
  assert.equal(compareVersions('1.0.0+a', '1.0.0+b'), 0)
})

test('of several files for one system the newest is shown', () => {
  const files = ['0.9.0', '0.10.0', '0.2.0'].map((version) => ({ version, system: 'linux-x64' }))
  const other = { version: '0.1.0', system: 'darwin-x64' }
  assert.deepEqual(newestOfEach([...files, other]), [
    other,
    { version: '0.10.0', system: 'linux-x64' },
  ])
})
