import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { createCertificateAuthority } from '../../net/certificate.ts'
import { loadConfig } from '../load.ts'

async function folder(t: TestContext) {
  const path = await mkdtemp(join(tmpdir(), 'audit-forward-'))
  t.after(() => rm(path, { recursive: true }))
  const authority = await createCertificateAuthority()
  const [server, client] = [
    await authority.issue(['localhost']),
    await authority.issueClient({ name: 'gateway' }),
  ]
  const write = (name: string, text: string) => writeFile(join(path, name), text, { mode: 0o600 })
  const secret = (byte: number) => `whsec_${Buffer.alloc(32, byte).toString('base64')}\n`
  await write('tls.crt', server.cert)
  await write('tls.key', server.key)
  await write('ca.pem', authority.cert)
  await write('client.crt', client.cert)
  await write('client.key', client.key)
  await write('secret', secret(7))
  return {
    write,
    secret,
    async load(forward: string) {
      await write(
        'postern.yaml',
        `certificate_file: tls.crt\ncertificate_key_file: tls.key\nroutes: []\naudit_forward:\n${forward}`,
      )
      const loaded = await loadConfig({ path: join(path, 'postern.yaml'), env: {} })
      return loaded.config.auditForward ?? assert.fail()
    },
  }
}

const siem = `  - name: siem
    syslog: { address: logs.example.com, ca_file: ca.pem, certificate_file: client.crt, certificate_key_file: client.key }
`
const hook = `  - name: hook
    kinds: [admin, cut]
    webhook: { url: 'https://hooks.example.com/x?y=z', secret_file: secret, server_name: other.example.com }
`

test('destinations are read with what they are trusted by', async (t) => {
  const { load } = await folder(t)
  const [first, second] = await load(siem + hook)
  assert.ok(first?.target.kind === 'syslog')
  assert.deepEqual(first.target.address, { host: 'logs.example.com', port: 6514 })
  assert.equal(first.kinds, undefined)
  assert.ok(second?.target.kind === 'webhook')
  assert.equal(second.target.url.href, 'https://hooks.example.com/x?y=z')
  assert.deepEqual([...second.target.secret], Array<number>(32).fill(7))
  assert.deepEqual([...(second.kinds ?? [])], ['admin', 'cut'])
  assert.equal(second.target.tls?.serverName, 'other.example.com')
})

test('a destination is another one when its entry or a file of it has changed', async (t) => {
  const { load, write, secret } = await folder(t)
  const fingerprints = async (text: string) => (await load(text)).map((it) => it.fingerprint)
  const before = await fingerprints(siem + hook)
  assert.deepEqual(await fingerprints(siem + hook), before)
  const moved = await fingerprints(siem.replace('logs.', 'log2.') + hook)
  assert.deepEqual([moved[0] === before[0], moved[1] === before[1]], [false, true])
  await write('secret', secret(8))
  const rotated = await fingerprints(siem + hook)
  assert.deepEqual([rotated[0] === before[0], rotated[1] === before[1]], [true, false])
  assert.ok(before.every((fingerprint) => /^[0-9a-f]{64}$/.test(fingerprint)))
})
