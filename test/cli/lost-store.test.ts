import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { createCertificateAuthority } from '../../src/net/certificate.ts'
import { endStoreAtSignal } from './end-store.ts'
import { needsSources } from '../postern-program.ts'
import { createSandbox, startPostern } from './program.ts'

const provider = [
  'authenticate_service_url: https://localhost',
  'idp_provider_url: http://127.0.0.1:9',
  'idp_client_id: a',
  'idp_client_secret: b',
]

for (const [what, more] of Object.entries({
  'that signs people in': provider,
  'without a provider': [],
})) {
  const name = `a gateway ${what} that loses its database says so and ends, for somebody to start it`
  test(name, { skip: needsSources }, () => loseDatabase(more))
}

async function loseDatabase(more: readonly string[]): Promise<void> {
  await using sandbox = await createSandbox()
  const { cert, key } = await (await createCertificateAuthority()).issue(['localhost'])
  const path = join(sandbox.path, 'postern.yaml')
  const yaml = [
    'address: 127.0.0.1:0',
    `certificate: ${Buffer.from(cert).toString('base64')}`,
    `certificate_key: ${Buffer.from(key).toString('base64')}`,
    `state_directory: ${join(sandbox.path, 'state')}`,
    ...more,
  ]
  await writeFile(path, yaml.join('\n'))
  const { child, ended } = startPostern(['gateway', '-c', path], {
    env: sandbox.env,
    nodeArgs: endStoreAtSignal,
  })
  let log = ''
  await new Promise<void>((resolve) =>
    child.stdout?.on('data', (chunk) => {
      log += String(chunk)
      if (log.includes('"listening"')) resolve()
    }),
  )
  child.kill('SIGUSR2')
  const { code, stdout, stderr } = await ended
  assert.equal(code, 8, stderr)
  assert.match(stdout, /postern\.db.*lost to this process.*"the gateway cannot go on"/)
  assert.match(stdout, /"stopped"/)
  assert.match(
    stderr,
    /^postern: error: the database ".*postern\.db" is lost .*\n {2}hint: start the gateway again/,
  )
}
