import assert from 'node:assert/strict'
import { readFileSync, statSync } from 'node:fs'
import { test } from 'node:test'
import { builtExecutable } from './executable.fixture.ts'
import { executableFormat } from './executable-format.ts'
import { limits } from './limits.ts'
import { isSigned } from './mac/mach-o.ts'
import { systems } from './systems.ts'

for (const system of systems) {
  test(`the executable for ${system.name} is one of that system, and not too large`, (t) => {
    const path = builtExecutable(system)
    const { size } = statSync(path)
    t.diagnostic(`${size} bytes`)
    assert.ok(size <= limits.executableBytes, `${size} bytes`)
    const file = readFileSync(path)
    assert.equal(executableFormat(file), system.format)
    if (system.format.startsWith('mach-o')) assert.ok(isSigned(file), 'the signature is of it')
  })
}
