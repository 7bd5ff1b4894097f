import assert from 'node:assert/strict'

import { formatChecksums, parseChecksums } from '../../src/downloads/checksums.ts'
import { parseExecutable } from '../../src/downloads/executable.ts'
import { parseRange } from '../../src/pages/byte-range.ts'
import type { Target } from '../target.ts'

export const target: Target = {
  reads: 'a Range header, and the checksums of a directory of downloads',
  covers: ['pages/byte-range.ts', 'downloads/checksums.ts', 'downloads/executable.ts'],
  tokens: ['bytes=', '0-', '-5', '0'.repeat(64), '  postern-linux-x64\n', ' *', '../'],
  run(input) {
    const text = input.toString('latin1')
    for (const bytes of [0, 1, 1_000]) {
      const range = parseRange(text, bytes)
      if (typeof range === 'object')
        assert.ok(range.from >= 0 && range.from < range.to && range.to <= bytes)
    }
    const { byName, faults } = parseChecksums(text)
    for (const name of byName.keys()) {
      assert.doesNotMatch(name, /^\.|[/\\\0\n]/, name)
      parseExecutable(name)
    }
    const listed = [...byName].map(([name, sha256]) => ({ name, sha256 }))
    assert.deepEqual(parseChecksums(formatChecksums(listed)), { byName, faults: [] })
    const range = parseRange(text, 1_000)
    return `${typeof range === 'object' ? 'range' : range} ${byName.size > 0 ? 'sums' : ''} ${faults.length > 0 ? 'faults' : ''}`
  },
}
