import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { runProgramSync } from '../../src/program.fixture.ts'
import {
  faultsOfScripts,
  reviewedScripts,
  scriptsInstalled,
  scriptsOfLock,
} from './install-scripts.ts'
import type { Lock, Manifest } from './lock.ts'

const root = join(import.meta.dirname, '..', '..')
const read = (name: string): unknown => JSON.parse(readFileSync(join(root, name), 'utf8'))
const lock = read('package-lock.json') as Lock
const { allowScripts } = read('package.json') as Manifest
const stranger = { name: 'vs', version: '1.0.0', folder: 'node_modules/vs' }

describe('install scripts', () => {
  test('are those that somebody has looked at, by the lock file and by the packages', () => {
    for (const found of [scriptsOfLock(lock), scriptsInstalled(root, lock)]) {
      assert.ok(found.some(({ name }) => name === 'node'))
      assert.deepEqual(faultsOfScripts(found, allowScripts), [])
    }
  })

  test('of another package are refused', () => {
    const faults = faultsOfScripts([stranger], allowScripts)
    assert.deepEqual(faults, [
      '"node_modules/vs" has an install script that nobody has looked at: vs@1.0.0',
    ])
  })

  test('of another version are refused where they run', () => {
    const of = (name: string) => [{ name, version: '99.0.0', folder: `node_modules/${name}` }]
    assert.match(faultsOfScripts(of('node'), allowScripts).join(), /install script of 99\.0\.0/)
    assert.deepEqual(faultsOfScripts(of('esbuild'), allowScripts), [])
  })

  test('are run by npm where the list says so, and nowhere else', () => {
    assert.match(
      faultsOfScripts([], { ...allowScripts, esbuild: true }).join(),
      /esbuild: true, expected false/,
    )
    assert.match(
      faultsOfScripts([], { ...allowScripts, vs: true }).join(),
      /vs: true, expected undefined/,
    )
    assert.match(faultsOfScripts([], {}).join(), /node: undefined, expected true/)
    for (const { why } of Object.values(reviewedScripts)) assert.ok(why.length > 20)
  })

  test('are found in a package whatever the lock file says of it', (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'postern-scripts-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const manifests = {
      says: { scripts: { postinstall: 'true' } },
      builds: {},
      tests: { scripts: { test: 'true' } },
    }
    for (const [name, manifest] of Object.entries(manifests)) {
      mkdirSync(join(folder, 'node_modules', name), { recursive: true })
      const text = JSON.stringify({ name, version: '1.0.0', ...manifest })
      writeFileSync(join(folder, 'node_modules', name, 'package.json'), text)
    }
    writeFileSync(join(folder, 'node_modules', 'builds', 'binding.gyp'), '{}')
    const packages = Object.fromEntries(
      [...Object.keys(manifests), 'absent'].map((name) => [`node_modules/${name}`, {}]),
    )
    const found = scriptsInstalled(folder, { lockfileVersion: 3, packages })
    assert.deepEqual(
      found.map(({ name }) => name),
      ['says', 'builds'],
    )
  })

  test('that nobody has looked at stop npm itself', (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'postern-scripts-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const { esbuild: _, ...others } = allowScripts ?? {}
    const manifest = { ...(read('package.json') as object), allowScripts: others }
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
    for (const name of ['package-lock.json', '.npmrc'])
      writeFileSync(join(folder, name), readFileSync(join(root, name)))
    const npm = (...args: readonly string[]) => runProgramSync('npm', args, { cwd: folder })
    // Former ones have no such setting; CI's has.
    const { stdout } = npm('--version')
    const [major = 0, minor = 0] = stdout.split('.').map(Number)
    if (major < 11 || (major === 11 && minor < 16)) return t.skip(`npm ${stdout.trim()} is older`)
    const { status, stderr } = npm('ci', '--dry-run', '--offline', '--no-audit')
    assert.notEqual(status, 0)
    assert.match(stderr, /1 package\(s\) have install scripts not covered[^]*esbuild@/)
  })
})
