import assert from 'node:assert/strict'

import { ownCookies, parseCookies } from '../../src/identity/cookies.ts'
import type { Target } from '../target.ts'

export const target: Target = {
  reads: "a browser's Cookie header, which other sites have a part in",
  covers: ['identity/cookies.ts'],
  maxBytes: 16_384,
  tokens: ['__Host-postern=x', '; ', '=', '"', '__Host-', '\t', '\u00a0', 'a=b'],
  run(input) {
    const header = input.toString('latin1')
    const all = parseCookies(header)
    for (const { name, value } of all) {
      assert.ok(name.length > 0 && !/[;=]/.test(name) && !/^[ \t]|[ \t]$/.test(name))
      assert.ok(!value.includes(';'))
    }
    const own = ownCookies(header)
    for (const [name, value] of own) {
      const same = all.filter((cookie) => cookie.name === `__Host-${name}`)
      assert.deepEqual(
        same.map((cookie) => cookie.value),
        [value],
      )
    }
    // Another cookie beside them changes nothing.
    assert.deepEqual(ownCookies(`other=1; ${header}`), own)
    return `${all.length > 0 ? 'some' : 'none'} ${own.size > 0 ? 'own' : 'none'}`
  },
}
