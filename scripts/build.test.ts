import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'

const root = join(import.meta.dirname, '..')
const directory = mkdtempSync(join(tmpdir(), 'postern-build-'))
const entry = join(directory, 'postern.js')
execFileSync(process.execPath, [join(root, 'scripts', 'build.mjs'), directory], { stdio: 'pipe' })
writeFileSync(join(directory, 'package.json'), '{"type":"module"}')
after(() => rmSync(directory, { recursive: true }))

/** The promise is 2; a busy machine may be slow, but a start that loads everything takes 5 times. */
const maxVersionRatio = 2 * 10

describe('the release build', () => {
  test('its entry is a program that runs and says its version', () => {
    assert.equal(statSync(entry).mode & 0o111, 0o111)
    assert.match(readFileSync(entry, 'utf8'), /^#!\/usr\/bin\/env node\n/)
    assert.equal(runEntry('--version'), 'postern 0.1.0\n')
  })

  test('its entry is small, and commands are chunks of their own', () => {
    assert.ok(statSync(entry).size < 2_000)
    assert.match(readdirSync(join(directory, 'chunks')).join(' '), /tcp-run-\w+\.js/)
  })

  test('a command runs from its chunks', () => {
    assert.match(runEntry('tcp', '--help'), /^Usage: postern tcp /)
  })

  test(`--version takes less than ${maxVersionRatio} times as long as Node.js itself`, () => {
    const bareMs = fastestMs(['-e', '0'])
    const versionMs = fastestMs([entry, '--version'])
    assert.ok(versionMs < maxVersionRatio * bareMs, `${versionMs} ms, bare ${bareMs} ms`)
  })
})

function runEntry(...args: string[]): string {
  return execFileSync(process.execPath, [entry, ...args], { encoding: 'utf8' })
}

function fastestMs(args: readonly string[]): number {
  const durations = Array.from({ length: 5 }, () => {
    const startedMs = performance.now()
    spawnSync(process.execPath, args)
    return performance.now() - startedMs
  })
  return Math.min(...durations)
}
