import assert from 'node:assert/strict'
import { once } from 'node:events'
import { lstat, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import {
  decodeCredentialsFile,
  encodeCredentialsFile,
  encodeTunnelToken,
} from '../tunnel/tunnel-credential.ts'
import { loadConnectorConfig } from './config/load-config.ts'
import { collectLog } from './connector.fixture.ts'
import { startFakeGateway, type AcceptedLink } from './fake-gateway.fixture.ts'
import { echo, startService } from './origin/service.fixture.ts'
import { runConnector } from './run-connector.ts'

/** A connector by files in a folder, and a gateway that takes it. */
async function run(t: TestContext, config: string, form: 'token' | 'credentials' = 'token') {
  const gateway = await startFakeGateway()
  const folder = await mkdtemp(join(tmpdir(), 'postern-run-'))
  const write = async (name: string, text: string): Promise<void> => {
    await writeFile(join(folder, `${name}.new`), text, { mode: 0o600 })
    await rename(join(folder, `${name}.new`), join(folder, name))
  }
  await write('token', encodeTunnelToken(gateway.credential))
  await write('credentials', encodeCredentialsFile(gateway.credential))
  const credential = form === 'token' ? 'token-file: token' : 'credentials-file: link'
  await symlink('credentials', join(folder, 'link'))
  await write('config.yml', `${credential}\n${config}`)
  const log = collectLog()
  const options = {
    path: join(folder, 'config.yml'),
    given: [],
    directories: [],
    proxies: {},
    log,
  }
  t.after(async () => {
    await gateway.close()
    await rm(folder, { recursive: true })
  })
  const connector = await runConnector(await loadConnectorConfig(options), options)
  t.after(() => connector.close(0))
  return { gateway, connector, log, write, folder }
}

/** Has a running connector read a new secret of its tunnel, with which it comes back. */
async function takesOver(
  { gateway, connector, write }: Awaited<ReturnType<typeof run>>,
  secret: Buffer,
): Promise<void> {
  gateway.secrets.push(secret)
  await write('token', encodeTunnelToken({ ...gateway.credential, secret }))
  await connector.reload()
  gateway.links[0]?.socket.destroy()
  await gateway.linked(5)
  assert.deepEqual(gateway.links[4]?.secret, secret)
}

const ingress = (port: number): string => `ingress: [{service: "tcp://127.0.0.1:${port}"}]\n`

test('a changed file is taken over by itself, and cuts no stream', async (t) => {
  const service = await startService(t, echo)
  const { gateway, log, write } = await run(t, ingress(service.port))
  await gateway.linked(4)
  const [link] = gateway.links as [AcceptedLink]
  const stream = await gateway.open(link)
  await write('config.yml', `token-file: token\n${ingress(1)}`)
  await log.line(/^Updated to new configuration: 1 rule$/)
  await assert.rejects(gateway.open(link), { code: 'connector-origin-unreachable' })
  stream.write('still here')
  assert.equal(String((await once(stream, 'data'))[0]), 'still here')
  stream.destroy()
})

test('a broken file changes nothing, and is said with each of its faults', async (t) => {
  const service = await startService(t, echo)
  const { gateway, connector, log, write } = await run(t, ingress(service.port))
  await gateway.linked(1)
  const [link] = gateway.links as [AcceptedLink]
  await write('config.yml', 'token-file: token\ningress: [{service: "nonsense"}, {hostname: x}]\n')
  await connector.reload()
  assert.match(
    log.lines.join('\n'),
    /not taken over: .*config\.yml:2:11: ingress\[0\]: is for every name/,
  )
  await write('config.yml', 'token-file: token\n  ingress: [\n')
  await connector.reload()
  const stream = await gateway.open(link)
  stream.destroy()
  await write('config.yml', `token-file: gone\n${ingress(1)}`)
  await connector.reload()
  await log.line(/not taken over: cannot read "gone": no such file/)
})

test('a rule that cannot be served is said on a line, and what to write instead on its own', async (t) => {
  const rules = '- {hostname: a, service: "http://b"}\n- {service: "tcp://127.0.0.1:1"}\n'
  const { connector, log, write } = await run(t, `ingress:\n${rules}`)
  const line = await log.line(/not served: .*config\.yml:3:\d+: ingress\[0\]\.service: /)
  assert.doesNotMatch(line, /\n|hint:/)
  await write('config.yml', 'token-file: token\nurl: "http://b"\n')
  await connector.reload()
  assert.doesNotMatch(await log.line(/not taken over: .*url: /), /\n|hint:/)
})

test('a token that is replaced is used for the next connection', async (t) => {
  const rig = await run(t, ingress(1))
  await rig.gateway.linked(4)
  await takesOver(rig, Buffer.alloc(32, 9))
})

test('a token that is replaced after its rotation has cut everything is used, too', async (t) => {
  const { gateway, connector, write } = await run(t, ingress(1))
  await gateway.linked(4)
  let hasFailed = false
  void connector.failed.then(() => (hasFailed = true))
  // As "tunnel token --rotate --output": the file comes when the gateway has forgotten the former one.
  const secret = Buffer.alloc(32, 9)
  gateway.secrets.splice(0, gateway.secrets.length, secret)
  const refused = gateway.refused(4)
  for (const { socket } of gateway.links) socket.destroy()
  await refused
  await write('token', encodeTunnelToken({ ...gateway.credential, secret }))
  await gateway.linked(8)
  assert.deepEqual(gateway.links[7]?.secret, secret)
  assert.equal(hasFailed, false)
})

test('a grace period that is changed holds at the end', async (t) => {
  const { connector, write } = await run(t, ingress(1))
  assert.equal(connector.gracePeriodMs, 30_000)
  await write('config.yml', `token-file: token\ngrace-period: 2h\n${ingress(1)}`)
  await connector.reload()
  assert.equal(connector.gracePeriodMs, 7_200_000)
})

test('another tunnel is left to the next start', async (t) => {
  const { gateway, connector, log, write } = await run(t, ingress(1))
  const tunnelId = '99999999-2222-3333-4444-555555555555'
  await write('token', encodeTunnelToken({ ...gateway.credential, tunnelId }))
  await connector.reload()
  await log.line(/another tunnel, gateway or authority is taken at the next start/)
})

test('the token of another tunnel that is taken back leaves nothing behind', async (t) => {
  const rig = await run(t, ingress(1))
  const { gateway, connector, log, write } = rig
  await gateway.linked(4)
  const tunnelId = '99999999-2222-3333-4444-555555555555'
  await write('token', encodeTunnelToken({ ...gateway.credential, tunnelId }))
  await connector.reload()
  await log.line(/is taken at the next start/)
  await takesOver(rig, Buffer.alloc(32, 9))
})

test('"/ready" is yes while a connection is registered, "/live" always, and the rest is metrics', async (t) => {
  const { gateway, connector, log } = await run(t, `metrics: 127.0.0.1:0\n${ingress(1)}`)
  const ask = async (path: string) => {
    const answer = await fetch(`http://127.0.0.1:${connector.metricsAddress?.port}${path}`)
    return { status: answer.status, text: await answer.text() }
  }
  await gateway.linked(4)
  for (const index of [0, 1, 2, 3]) await log.line(new RegExp(`connIndex=${index} `))
  const ready = await ask('/ready')
  assert.equal(ready.status, 200)
  const [link] = gateway.links as [AcceptedLink]
  assert.deepEqual(JSON.parse(ready.text), {
    status: 200,
    readyConnections: 4,
    connectorId: link.registration.connectorId,
  })
  assert.equal((await ask('/live')).text, 'OK\n')
  const metrics = await ask('/metrics')
  assert.match(metrics.text, /^postern_connector_connections 4$/m)
  assert.match(metrics.text, /^postern_connector_registrations_total\{outcome="ok"\} 4$/m)
  assert.equal((await ask('/elsewhere')).status, 404)
  assert.equal((await ask('/constructor')).status, 404)
  await gateway.close()
  for (const index of [0, 1, 2, 3]) await log.line(new RegExp(`^lost .*connIndex=${index}:`))
  assert.equal((await ask('/ready')).status, 503)
  assert.equal((await ask('/live')).status, 200)
})

test('an address in use is told before anything else is left behind', async (t) => {
  const taken = await startService(t, echo)
  await assert.rejects(run(t, `metrics: 127.0.0.1:${taken.port}\n${ingress(1)}`), {
    code: 'metrics-address-unavailable',
  })
})

describe('a grant key that is learnt', () => {
  /** Vouches for another key, and resolves once the connector has said that it trusts it. */
  async function rotate({ gateway }: Awaited<ReturnType<typeof run>>): Promise<AcceptedLink> {
    await gateway.linked(4)
    const [link] = gateway.links as [AcceptedLink]
    link.end.control.send({ type: 'grant-key', signed: await gateway.rotateKey(link) })
    while (!link.said.some(({ type }) => type === 'grant-keys')) await turn()
    return link
  }

  test('is kept in the credentials file, with the rest of it, and a link to that stays one', async (t) => {
    const service = await startService(t, echo)
    const rig = await run(t, ingress(service.port), 'credentials')
    const link = await rotate(rig)
    const path = join(rig.folder, 'credentials')
    const read = async () => decodeCredentialsFile(await readFile(path, 'utf8'), path)
    while ((await read()).grantKeys.length < 2) await turn()
    const { grantKeys, ...rest } = await read()
    assert.deepEqual(grantKeys[1], rig.gateway.credential.grantKeys[0])
    assert.deepEqual({ ...rest, grantKeys: [] }, { ...rig.gateway.credential, grantKeys: [] })
    assert.equal((await lstat(path)).mode & 0o777, 0o600)
    assert.ok((await lstat(join(rig.folder, 'link'))).isSymbolicLink())
    const stream = await rig.gateway.open(link)
    stream.destroy()
    // Asked for, it is read again: what is kept is what is trusted.
    await rig.connector.reload()
    const again = await rig.gateway.open(link)
    again.destroy()
  })

  test('is not forgotten when only the rules change', async (t) => {
    const service = await startService(t, echo)
    const rig = await run(t, ingress(1))
    const link = await rotate(rig)
    await rig.write('config.yml', `token-file: token\n${ingress(service.port)}`)
    await rig.connector.reload()
    const stream = await rig.gateway.open(link)
    stream.destroy()
  })

  test('goes with the credential when that is replaced by one that does not name it', async (t) => {
    const service = await startService(t, echo)
    const rig = await run(t, ingress(service.port))
    const link = await rotate(rig)
    const x = Buffer.alloc(32, 9).toString('base64url')
    const other = { kty: 'OKP', crv: 'Ed25519', x } as const
    await rig.write('token', encodeTunnelToken({ ...rig.gateway.credential, grantKeys: [other] }))
    await rig.connector.reload()
    await assert.rejects(rig.gateway.open(link), { code: 'connector-bad-grant' })
    const said = link.said.filter((message) => message.type === 'grant-keys')
    assert.equal(said.at(-1)?.grantKeys.length, 1)
  })

  test('is said not to be kept where the file cannot take it, and trusted all the same', async (t) => {
    const service = await startService(t, echo)
    const rig = await run(t, ingress(service.port), 'credentials')
    await rig.gateway.linked(4)
    // Somebody else's, which no connector is to write into.
    const tunnelId = '99999999-2222-3333-4444-555555555555'
    const foreign = encodeCredentialsFile({ ...rig.gateway.credential, tunnelId })
    await rig.write('credentials', foreign)
    // Noticed by itself, or not yet: it is nobody's to write into.
    await rig.connector.reload()
    const link = await rotate(rig)
    await rig.log.line(/^the new grant key of the gateway is not kept: it holds another credential/)
    assert.equal(await readFile(join(rig.folder, 'credentials'), 'utf8'), foreign)
    const stream = await rig.gateway.open(link)
    stream.destroy()
  })
})
