import assert from 'node:assert/strict'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { runProgram } from '../../src/program.fixture.ts'
import { nodePackage } from './executables.mjs'
import { advisory, startRegistry } from './registry.fixture.ts'

const root = join(import.meta.dirname, '..', '..')
const scratch = mkdtempSync(join(tmpdir(), 'postern-supply-chain-'))
after(() => rmSync(scratch, { recursive: true }))

/** A checkout with the packages of this one and a build of two of them. */
function checkout(name: string): string {
  const folder = join(scratch, name)
  for (const part of ['scripts', 'packaging', 'package.json', 'package-lock.json'])
    cpSync(join(root, part), join(folder, part), { recursive: true })
  mkdirSync(join(folder, 'node_modules'))
  for (const one of readdirSync(join(root, 'node_modules')).filter((one) => !one.startsWith('.')))
    symlinkSync(join(root, 'node_modules', one), join(folder, 'node_modules', one))
  mkdirSync(join(folder, 'dist', 'web', 'portal'), { recursive: true })
  writeFileSync(join(folder, 'dist', 'made-of'), 'node_modules/ws\n')
  writeFileSync(join(folder, 'dist', 'web', 'portal', 'made-of'), 'node_modules/react\n')
  return folder
}

function edit(path: string, change: (text: string) => string): void {
  const before = readFileSync(path, 'utf8')
  const text = change(before)
  assert.notEqual(text, before)
  writeFileSync(path, text)
}

async function check(folder: string, env: Readonly<Record<string, string>>, ...args: string[]) {
  const program = join(folder, 'scripts', 'supply-chain', 'main.ts')
  const { code, stdout, stderr } = await runProgram(process.execPath, [program, ...args], { env })
  assert.equal(stderr, '')
  return { code, stdout }
}

describe('npm run supply-chain', () => {
  test('says plainly what it could not check, and fails for it where it must', async () => {
    await using registry = await startRegistry(() => 405)
    const folder = checkout('silent')
    const { code, stdout } = await check(folder, registry.env)
    assert.equal(code, 0, stdout)
    assert.match(stdout, /^runtimes: +ok: node-/m)
    assert.match(stdout, /^lock file: +ok: \d{3} packages/m)
    assert.match(stdout, /^install scripts: +ok: of node alone/m)
    assert.match(stdout, /^licences: +ok: 2 packages in the build: 2 MIT$/m)
    assert.match(stdout, /^npm audit: +not checked: .*405/m)
    assert.match(stdout, /^supply chain: nothing wrong found; NOT CHECKED: npm audit$/m)
    const strict = await check(folder, registry.env, '--require-audit')
    assert.equal(strict.code, 1)
  })

  test('finds whatever is not as the sources name it', async () => {
    await using registry = await startRegistry(() => ({ ws: [advisory] }))
    const folder = checkout('broken')
    const at = (...names: string[]) => join(folder, ...names)
    edit(at('packaging', 'executables.json'), (text) =>
      text.replace(`"${nodePackage()}": "sha512-`, `"${nodePackage()}": "sha512-A`),
    )
    edit(at('package-lock.json'), (text) => {
      const lock = JSON.parse(text) as { packages: Record<string, Record<string, unknown>> }
      Object.assign(lock.packages['node_modules/jose'] ?? {}, { integrity: 'sha1-no' })
      // React's DOM needs it in a version of its own.
      Object.assign(lock.packages['node_modules/scheduler'] ?? {}, { version: '0.1.0' })
      Object.assign(lock.packages['node_modules/yaml'] ?? {}, { hasInstallScript: true })
      return JSON.stringify(lock)
    })
    mkdirSync(at('node_modules', 'copyleft'))
    const manifest = { name: 'copyleft', version: '1.0.0', license: 'GPL-3.0-only' }
    writeFileSync(at('node_modules', 'copyleft', 'package.json'), JSON.stringify(manifest))
    writeFileSync(at('node_modules', 'copyleft', 'LICENSE'), 'as you wish, but')
    edit(at('dist', 'made-of'), (text) => `${text}node_modules/copyleft\n`)

    const { code, stdout } = await check(folder, registry.env)
    assert.equal(code, 1, stdout)
    assert.match(stdout, /^runtimes: +error: .* is not that of node-/m)
    assert.match(stdout, /^lock file: +error: "node_modules\/jose" has the integrity "sha1-no"/m)
    assert.match(stdout, /^lock file: +error: npm ls: invalid: scheduler@0\.1\.0/m)
    assert.match(stdout, /^install scripts: +error: "node_modules\/yaml"/m)
    assert.match(stdout, /^licences: +error: copyleft@1\.0\.0 is under "GPL-3\.0-only"/m)
    assert.match(stdout, /^npm audit: +error: ws .*: high/m)
    assert.match(stdout, /^supply chain: failed: \d+ faults$/m)
  })
})
