import assert from 'node:assert/strict'
import { test } from 'node:test'
import { countLicenses, faultsOfLicenses } from './allowed-licenses.ts'

const under = (license: string) => ({ name: 'one', version: '1.0.0', license })

test('a release has packages in it that may be given away with a notice', () => {
  const fine = [
    'MIT',
    'Apache-2.0',
    '(MIT OR CC0-1.0)',
    'MIT AND ISC AND BSD-3-Clause',
    '(BSD-3-Clause OR GPL-2.0)',
  ]
  assert.deepEqual(faultsOfLicenses(fine.map(under)), [])
})

test('and none under another licence, or an unknown one', () => {
  const refused = [
    'GPL-3.0-only',
    'AGPL-3.0',
    'LGPL-2.1-or-later',
    'MPL-2.0',
    'UNLICENSED',
    'SEE LICENSE IN x',
    'MIT,Apache2',
    '',
    'MIT AND GPL-2.0-only',
    '(GPL-2.0 OR AGPL-3.0)',
    '(MIT OR ISC) AND GPL-2.0-only',
  ]
  for (const license of refused)
    assert.deepEqual(faultsOfLicenses([under(license)]), [
      `one@1.0.0 is under "${license}", which no release may have in it`,
    ])
})

test('the packages are counted by their licence', () => {
  assert.equal(countLicenses([under('ISC'), under('MIT'), under('MIT')]), '2 MIT, 1 ISC')
})
