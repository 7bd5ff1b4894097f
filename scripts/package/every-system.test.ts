import assert from 'node:assert/strict'
import { readFileSync, statSync } from 'node:fs'
import { test } from 'node:test'
import { builtExecutable } from './executable.fixture.ts'
import { executableFormat } from './executable-format.ts'
import { limits } from './limits.ts'
import { isSigned } from './mac/mach-o.ts'
import { systems, type SystemName } from './systems.ts'

/** One of each format, and of the other C library: what makes an executable differs by these, not by the processor. */
const ofEachKind: readonly SystemName[] = ['linux-arm64-musl', 'darwin-arm64', 'windows-x64']
// POSTERN_LONG_TESTS=1 asks for what takes a minute, and brings every system's runtime.
const isLong = process.env['POSTERN_LONG_TESTS'] === '1'

for (const system of systems.filter(({ name }) => isLong || ofEachKind.includes(name))) {
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
