import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { requireReadable, requireRunnable } from './places.ts'

/** Neither a home nor /tmp, which a service does not see. */
const shared = '/dev/shm'
const skip = process.platform !== 'linux' && "services are systemd's"

test('what a service needs of a file and of the folders above it is told', { skip }, (t) => {
  const folder = mkdtempSync(join(shared, 'postern-places-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const [inner, file] = [join(folder, 'inner'), join(folder, 'inner', 'postern')]
  mkdirSync(inner)
  writeFileSync(file, '')
  const hint = 'do something'
  const refused = (what: string): object => ({ code: 'not-for-a-service', message: what, hint })
  const cannot = `the user of the service cannot read "${file}": it is for its owner or group alone:`
  chmodSync(file, 0o600)
  chmodSync(folder, 0o755)
  chmodSync(inner, 0o755)
  assert.throws(() => requireReadable(file, hint), refused(`${cannot} chmod 644 "${file}"`))
  assert.throws(() => requireRunnable(file, hint), refused(`${cannot} chmod 755 "${file}"`))
  chmodSync(file, 0o644)
  requireReadable(file, hint)
  assert.throws(() => requireRunnable(file, hint), refused(`${cannot} chmod 755 "${file}"`))
  chmodSync(file, 0o751)
  assert.throws(() => requireRunnable(file, hint), refused(`${cannot} chmod 755 "${file}"`))
  chmodSync(file, 0o755)
  requireRunnable(file, hint)
  chmodSync(folder, 0o700)
  const closed = refused(`${cannot} chmod 755 "${folder}"`)
  assert.throws(() => requireReadable(file, hint), closed)
  assert.throws(() => requireRunnable(file, hint), closed)
})
