import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createFakeClock } from '../fake-clock.ts'
import { silentLogger } from '../log.ts'
import { createCertificateAuthority } from '../net/certificate.ts'
import { openSqliteStore } from '../store/sqlite.ts'
import { takeOverCertificates } from './former-certificates.ts'

const dayMs = 86_400_000
const nowMs = Date.UTC(2026, 5, 1)
const authority = await createCertificateAuthority()

test('what another gateway has fetched is taken over while it holds, once', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'former-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const keep = async (name: string, host: string, leftDays: number): Promise<string> => {
    const notAfter = new Date(nowMs + leftDays * dayMs)
    const notBefore = new Date(notAfter.getTime() - 90 * dayMs)
    const { cert, key } = await authority.issue([host], { notBefore, notAfter })
    const folder = join(directory, 'certificates', 'acme-v02.api.letsencrypt.org-directory', name)
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, `${name}.crt`), cert)
    writeFileSync(join(folder, `${name}.key`), key)
    return cert
  }
  const db = await keep('db.example.com', 'db.example.com', 80)
  await keep('wildcard_.apps.example.com', '*.apps.example.com', 80)
  await keep('due.example.com', 'due.example.com', 20)
  await keep('other.example.com', 'not-the-same.example.com', 80)
  mkdirSync(join(directory, 'certificates', 'acme-v02.api.letsencrypt.org-directory', 'empty'))
  const store = await openSqliteStore(':memory:')
  t.after(() => store.close())
  const clock = createFakeClock(nowMs)
  await takeOverCertificates(directory, { acme: store.acme, clock, logger: silentLogger })
  const kept = await store.acme.list()
  assert.deepEqual(
    kept.map(({ name }) => name),
    ['*.apps.example.com', 'db.example.com'],
  )
  assert.equal(kept[1]?.text, db)
  // Renewed here since: the former one does not come back.
  await store.acme.put({
    ...kept[1],
    kind: 'certificate',
    name: 'db.example.com',
    text: 'renewed',
    privateKey: 'k',
    changedAtMs: 1,
  })
  await takeOverCertificates(directory, { acme: store.acme, clock, logger: silentLogger })
  assert.equal((await store.acme.get('certificate', 'db.example.com'))?.text, 'renewed')
})

test('a directory without any is said, and is no reason not to start', async (t) => {
  const store = await openSqliteStore(':memory:')
  t.after(() => store.close())
  const said: unknown[] = []
  const logger = { ...silentLogger, warn: (...words: unknown[]) => void said.push(words) }
  const options = { acme: store.acme, clock: createFakeClock(nowMs), logger }
  await takeOverCertificates('/nowhere/at/all', options)
  assert.equal(said.length, 1)
  assert.deepEqual(await store.acme.list(), [])
})
