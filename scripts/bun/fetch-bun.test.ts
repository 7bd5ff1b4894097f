import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { runProgramSync } from '../../src/program.fixture.ts'
import { bring, fetchBun, runtimes } from './fetch-bun.ts'

const directory = mkdtempSync(join(tmpdir(), 'postern-fetch-bun-'))
const archive = join(directory, 'package.tgz')
const path = process.env['PATH']

/** In npm's place, one that brings the package of this test. */
before(() => {
  mkdirSync(join(directory, 'package', 'bin'), { recursive: true })
  writeFileSync(join(directory, 'package', 'bin', 'bun'), 'the runtime')
  runProgramSync('tar', ['-czf', archive, '-C', directory, 'package'])
  mkdirSync(join(directory, 'search'))
  const npm = `#!/bin/sh\nfor to; do :; done\ncp '${archive}' "$to/it.tgz" && echo it.tgz\n`
  writeFileSync(join(directory, 'search', 'npm'), npm, { mode: 0o755 })
  process.env['PATH'] = [join(directory, 'search'), path].join(delimiter)
})
after(() => {
  process.env['PATH'] = path
  rmSync(directory, { recursive: true })
})

test('a runtime is the package whose sum the sources have', () => {
  const target = join(directory, 'runtimes', 'ours')
  const sum = createHash('sha512').update(readFileSync(archive)).digest('base64')
  bring('@oven/bun-ours', `sha512-${sum}`, 'bun', target)
  assert.equal(readFileSync(join(target, 'bun'), 'utf8'), 'the runtime')
})

test('another package is refused, and nothing of it stays', () => {
  const target = join(directory, 'others', 'theirs')
  const sum = createHash('sha512').update('another').digest('base64')
  assert.throws(
    () => bring('@oven/bun-theirs', `sha512-${sum}`, 'bun', target),
    /^Error: @oven\/bun-theirs is sha512-.+, and packaging\/runtimes\.json has sha512-/,
  )
  assert.deepEqual(readdirSync(dirname(target)), [])
})

test('a runtime that was another file since it came is refused', () => {
  const target = join(directory, runtimes.version, 'linux-x64')
  mkdirSync(target, { recursive: true })
  writeFileSync(join(target, 'bun'), 'another runtime')
  assert.throws(
    () => fetchBun('linux-x64', directory),
    /is not that of @oven\/bun-linux-x64@.+: it is sha512-/,
  )
})
