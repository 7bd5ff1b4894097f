import 'reflect-metadata'
import assert from 'node:assert/strict'
import { webcrypto } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import * as x509 from '@peculiar/x509'
import { createFakeClock } from '../fake-clock.ts'
import { silentLogger, type LogFields } from '../log.ts'
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

test('what is no certificate to serve is left out, and the others are taken over', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'former-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const notBefore = new Date(nowMs - dayMs)
  const notAfter = new Date(nowMs + 80 * dayMs)
  const keep = (name: string, { cert, key }: { cert: string; key: string }): string => {
    const folder = join(directory, 'certificates', 'an-authority', name)
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, `${name}.crt`), cert)
    writeFileSync(join(folder, `${name}.key`), key)
    return join(folder, `${name}.crt`)
  }
  const issue = (host: string) => authority.issue([host], { notBefore, notAfter })
  keep('a-weak.example.com', await weakPair('a-weak.example.com', notBefore, notAfter))
  const endless = keep('b-endless.example.com', await issue('b-endless.example.com'))
  rmSync(endless)
  symlinkSync('/dev/zero', endless)
  keep('c-good.example.com', await issue('c-good.example.com'))
  const store = await openSqliteStore(':memory:')
  t.after(() => store.close())
  const said: unknown[] = []
  const logger = {
    ...silentLogger,
    warn: (message: string, fields?: LogFields) => void said.push([message, fields?.['name']]),
  }
  await takeOverCertificates(directory, { acme: store.acme, clock: createFakeClock(nowMs), logger })
  assert.deepEqual(
    (await store.acme.list()).map(({ name }) => name),
    ['c-good.example.com'],
  )
  assert.deepEqual(said, [
    ['certificate not taken over', 'a-weak.example.com'],
    ['certificate not taken over', 'b-endless.example.com'],
  ])
})

/** With an RSA key of 1024 bits, as nobody makes them any more. */
async function weakPair(name: string, notBefore: Date, notAfter: Date) {
  const algorithm = {
    name: 'RSASSA-PKCS1-v1_5',
    modulusLength: 1024,
    publicExponent: new Uint8Array([1, 0, 1]),
    hash: 'SHA-256',
  }
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    notBefore,
    notAfter,
    signingAlgorithm: algorithm,
    keys,
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: name }])],
  })
  const key = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)
  return {
    cert: certificate.toString('pem'),
    key: x509.PemConverter.encode(key, 'PRIVATE KEY'),
  }
}
