import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { runtimes } from '../bun/fetch-bun.ts'
import { systems } from '../package/systems.ts'
import { faultOfExecutable, installedNode, nodePackage, readSums } from './executables.mjs'

describe('the runtimes', () => {
  test('that this runs on is the one whose sum the sources have', () => {
    assert.equal(faultOfExecutable(installedNode, nodePackage()), undefined)
  })

  test('are known for every system that there is an executable for, in the version that is pinned', () => {
    const sums = readSums()
    for (const { runtime } of systems)
      assert.match(sums[`@oven/bun-${runtime}@${runtimes.version}`] ?? runtime, /^sha512-.{88}$/)
    for (const [platform, arch] of [
      ['linux', 'x64'],
      ['linux', 'arm64'],
      ['darwin', 'x64'],
      ['darwin', 'arm64'],
      ['win32', 'x64'],
    ] as const)
      assert.match(sums[nodePackage({ platform, arch })] ?? platform, /^sha512-.{88}$/)
  })

  test('are refused when a byte of them is another, and when there is no sum', (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'postern-runtime-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const swapped = join(folder, 'node')
    const bytes = readFileSync(installedNode)
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
    writeFileSync(swapped, bytes)
    assert.match(
      faultOfExecutable(swapped, nodePackage()) ?? '',
      /is not that of node-.+: it is sha512-/,
    )
    assert.match(faultOfExecutable(installedNode, 'node-vax-vax@1.0.0') ?? '', /has no sum of/)
    assert.match(faultOfExecutable(join(folder, 'none'), nodePackage()) ?? '', /is not there/)
  })
})
