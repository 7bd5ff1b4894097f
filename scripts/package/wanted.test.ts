import assert from 'node:assert/strict'
import { test } from 'node:test'
import { packageKinds } from './packages.ts'
import { systems } from './systems.ts'
import { readWanted } from './wanted.ts'

const url = 'https://downloads.example.com'

test('without a name archives for every system are made', () => {
  assert.deepEqual(readWanted([]), { systems, packages: [], url: undefined })
})

test('systems and packages are made that are named, in whatever order', () => {
  const { systems, packages } = readWanted(['rpm', 'darwin-x64', 'debian'])
  assert.deepEqual(
    systems.map(({ name }) => name),
    ['darwin-x64'],
  )
  assert.deepEqual(packages, ['debian', 'rpm'])
  assert.deepEqual(readWanted(['oci']).systems, [])
})

test('"all" is every system and every package', () => {
  assert.deepEqual(readWanted(['all', '--url', `${url}/`]), {
    systems,
    packages: packageKinds,
    url,
  })
})

test('what says where downloads are is not made without it', () => {
  for (const name of ['homebrew', 'winget', 'all'])
    assert.throws(() => readWanted([name]), /where the release is offered: give --url$/, name)
})

test('a name of nothing is refused', () => {
  assert.throws(() => readWanted(['flatpak']), /unknown system "flatpak"/)
})
