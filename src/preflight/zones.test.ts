import assert from 'node:assert/strict'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { after, before, describe, test, type TestContext } from 'node:test'
import { freePort } from '../net/free-port.fixture.ts'
import { openPreflight, type RunPreflight } from './preflight.fixture.ts'

let folder: string
let run: RunPreflight

before(async () => {
  ;({ folder, run } = await openPreflight())
})

after(() => rm(folder, { recursive: true, force: true }))

const secret = Buffer.alloc(32, 5).toString('base64')

async function tried(port: number, timeoutMs = 5_000) {
  const dns = `{provider: rfc2136, server: "127.0.0.1:${port}", key_name: postern-key, key_secret: ${secret}}`
  const rule = '[{allow: {or: [{domain: {is: example.com}}]}}]'
  const more = [
    'authenticate_service_url: https://auth.example.com',
    'idp_provider_url: http://127.0.0.1:1',
    'idp_client_id: a',
    'idp_client_secret: b',
    `sites: [{name: site.com, publish: ${rule}, dns: ${dns}}, {name: plain.com, publish: ${rule}}]`,
  ]
  const checks = await run({ more: more.join('\n') }, { timeoutMs })
  const [found, ...others] = checks.filter(({ what }) => what === 'dns')
  assert.deepEqual(others, [])
  assert.ok(found)
  assert.doesNotMatch(JSON.stringify(checks), new RegExp(secret))
  return found
}

// What a server with the key answers is shown by BIND, in test/e2e/preflight.test.ts.
describe('the DNS server of a site', () => {
  test('that cannot be reached is told with the next step', async () => {
    const port = await freePort()
    const { verdict, target, code, detail, hint } = await tried(port)
    assert.deepEqual([verdict, target, code], ['failed', `127.0.0.1:${port}`, 'dns-unreachable'])
    assert.match(detail, /^the DNS server "127\.0\.0\.1:\d+" cannot be asked: .*refused/)
    assert.match(hint ?? '', /check "server" of the site's "dns"/)
  })

  test('that says nothing is given up', async (t) => {
    const { verdict, detail } = await tried(await startSilent(t), 200)
    assert.deepEqual([verdict, detail], ['failed', 'no answer in 0.4 s'])
  })
})

async function startSilent(t: TestContext): Promise<number> {
  const server = createServer((socket) => socket.on('error', () => undefined).resume())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}
