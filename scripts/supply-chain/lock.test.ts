import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { faultsOfLock, type Lock, type LockEntry, type Manifest } from './lock.ts'

const root = join(import.meta.dirname, '..', '..')
const read = (name: string): unknown => JSON.parse(readFileSync(join(root, name), 'utf8'))
const ours = read('package-lock.json') as Lock
const manifest = read('package.json') as Manifest

/** Our own lock file, with one package of it changed. */
function changed(change: Partial<LockEntry>, folder = 'node_modules/ws'): Lock {
  const entry = { ...ours.packages[folder], ...change }
  return { ...ours, packages: { ...ours.packages, [folder]: entry } }
}

describe('the lock file', () => {
  test('is one by which npm verifies every package, of the registry alone', () => {
    assert.deepEqual(faultsOfLock(ours, manifest), [])
    assert.ok(Object.keys(ours.packages).length > 400)
  })

  test('is refused where a package has no SHA-512, or several sums', () => {
    const { integrity = '' } = ours.packages['node_modules/ws'] ?? {}
    for (const wrong of [
      '',
      'sha1-qUVVJxjPW0qYk5rZFvdpHWy4WBs=',
      integrity.slice(0, -4),
      `${integrity} sha1-qUVVJxjPW0qYk5rZFvdpHWy4WBs=`,
    ])
      assert.match(
        faultsOfLock(changed({ integrity: wrong }), manifest).join(),
        /"node_modules\/ws" has the integrity/,
      )
  })

  test('is refused where a package comes from elsewhere than the registry', () => {
    const { version = '' } = ours.packages['node_modules/ws'] ?? {}
    const registry = `https://registry.npmjs.org/ws/-/ws-${version}.tgz`
    assert.deepEqual(faultsOfLock(changed({ resolved: registry }), manifest), [])
    for (const resolved of [
      'git+ssh://git@github.com/websockets/ws.git#0123456789abcdef',
      'file:../ws',
      registry.replace('https:', 'http:'),
      `https://packages.example.com/ws/-/ws-${version}.tgz`,
      registry.replace('/ws/', '/vs/'),
      registry.replace(version, '0.0.1'),
    ])
      assert.match(
        faultsOfLock(changed({ resolved }), manifest).join(),
        /expected the npm registry/,
      )
    assert.match(faultsOfLock(changed({ link: true }), manifest).join(), /link/)
    assert.match(faultsOfLock(changed({ inBundle: true }), manifest).join(), /bundled/)
    assert.match(faultsOfLock(changed({ name: 'vs' }), manifest).join(), /in truth "vs"/)
  })

  test('is refused where it is not that of package.json', () => {
    const more = { ...manifest, devDependencies: { ...manifest.devDependencies, vs: '1.0.0' } }
    assert.match(faultsOfLock(ours, more).join(), /"vs" as 1\.0\.0, the lock file as nothing/)
    assert.match(faultsOfLock(changed({ version: '0.0.1' }), manifest).join(), /installs 0\.0\.1/)
  })

  test('is refused where package.json leaves open which version it is', () => {
    const devDependencies = { ...manifest.devDependencies, ws: 'github:websockets/ws' }
    const faults = faultsOfLock(ours, { ...manifest, devDependencies })
    assert.match(faults.join(), /"ws" is "github:websockets\/ws", expected an exact version/)
  })

  test('is refused in a form of another version', () => {
    assert.equal(faultsOfLock({ ...ours, lockfileVersion: 1 }, manifest).length, 1)
  })
})
