import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { runProgramSync } from '../../src/program.fixture.ts'
import { version } from '../../src/version.ts'
import { builtExecutable } from './executable.fixture.ts'
import { isMissing } from './peer.fixture.ts'
import { findSystem, ownSystem } from './systems.ts'

const isOurs = ownSystem().name === 'linux-x64'

test(
  'the executable for x64 runs on a processor of 2008, without AVX',
  { skip: isMissing('qemu-x86_64') || (!isOurs && 'this is another system') },
  () => {
    const processor = ['-cpu', 'Nehalem', builtExecutable()]
    const { stdout, stderr } = runProgramSync('qemu-x86_64', processor.concat('--version'))
    assert.equal(stdout, `postern ${version}\n`, stderr)
  },
)

/** Of Debian's packages libc6-arm64-cross. */
const libraries = '/usr/aarch64-linux-gnu'
const hasLibraries = existsSync(libraries) || process.env['CI'] === 'true'

test(
  'the executable for arm64 runs on such a processor',
  { skip: isMissing('qemu-aarch64') || (!hasLibraries && `missing: ${libraries}`) },
  () => {
    const system = ['-L', libraries, builtExecutable(findSystem('linux-arm64'))]
    const { stdout, stderr } = runProgramSync('qemu-aarch64', system.concat('--version'))
    assert.equal(stdout, `postern ${version}\n`, stderr)
  },
)
