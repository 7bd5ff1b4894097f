import assert from 'node:assert/strict'
import { createPrivateKey } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { createCertificateAuthority } from '../net/certificate.ts'
import { loadTrust } from './trust.ts'

let folder: string
const at = (name: string): string => join(folder, name)

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-trust-'))
  const authority = await createCertificateAuthority()
  const [client, other] = [
    await authority.issueClient({ name: 'laptop' }),
    await authority.issueClient({ name: 'other' }),
  ]
  const locked = createPrivateKey(client.key).export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'secret',
  })
  const files = {
    'client.pem': client.cert + authority.cert,
    'client.key': client.key,
    'other.key': other.key,
    'locked.key': locked,
    'not-pem.txt': 'hello\n',
  }
  for (const [name, text] of Object.entries(files)) await writeFile(at(name), text)
})

after(() => rm(folder, { recursive: true }))

const load = (cert: string, key: string) =>
  loadTrust({ clientCertFile: at(cert), clientKeyFile: at(key) })

test('a client certificate is read with what leads to its authority', async () => {
  const { clientCertificate } = await load('client.pem', 'client.key')
  assert.equal(clientCertificate?.cert.match(/BEGIN CERTIFICATE/g)?.length, 2)
})

test('a client certificate that cannot be used is told with the reason', async () => {
  const code = 'certificate-unreadable'
  for (const [cert, key, message] of [
    ['client.pem', 'locked.key', /locked\.key": it is locked with a passphrase$/],
    ['client.pem', 'other.key', /other\.key": it is not the key of ".*client\.pem"$/],
    ['client.pem', 'not-pem.txt', /not-pem\.txt": expected a private key in PEM$/],
    ['not-pem.txt', 'client.key', /not-pem\.txt": expected at least one PEM certificate$/],
    ['client.pem', 'nowhere.key', /nowhere\.key"/],
  ] as const) {
    await assert.rejects(load(cert, key), { code, message }, `${cert} ${key}`)
  }
  await assert.rejects(load('client.pem', 'locked.key'), { hint: /openssl pkey/ })
  await assert.rejects(loadTrust({ clientCertFile: at('client.pem') }), {
    code: 'client-key-missing',
  })
})
