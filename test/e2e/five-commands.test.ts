import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe } from 'node:test'
import { freePort } from '../../src/net/free-port.fixture.ts'
import { decideAboutDevice } from './approve.ts'
import { startChild, type Child } from './child.ts'
import { peerTest } from './peers.ts'
import { exchange, personAt } from './person.ts'
import { siteFor } from './publisher.ts'
import { alice, bob, posternCommand, startRig } from './rig.ts'
import type { Scope } from './scope.ts'
import { echo, startService } from './services.ts'

/** What Alice may publish below, and who may use it. */
async function settings(scope: Scope): Promise<object> {
  const policies = [{ action: 'allow', include: [{ email: bob }] }]
  return {
    ...(await siteFor(scope, 'site.com', alice)),
    access: [{ hostname: 'tcp.site.com', policies }],
  }
}

/** The audit entries of the way from a sign-in to the first byte. */
const steps = [
  'publish code approved',
  'publish credential issued',
  'named tunnel created',
  'host name published',
  'connector registered',
]

describe('the commands of the pages about arbitrary TCP', () => {
  peerTest('join a service and reach it, each as it is typed there', [], async (scope) => {
    const service = await startService(scope, echo)
    const rig = await startRig(scope, [], { ...(await settings(scope)) })
    const [server, user] = [await personAt(scope, rig, alice), await personAt(scope, rig, bob)]
    const run = (who: typeof server, ...args: string[]): Child =>
      startChild(scope, ...posternCommand(...args), { env: who.env, cwd: who.home })

    const ca = ['--ca-file', rig.caFile]
    const login = run(server, 'tunnel', 'login', '--gateway', rig.origin, ...ca, '--no-browser')
    const [, address = ''] = await login.says(/\n {2}(https:\/\/\S+)\n/)
    await decideAboutDevice(rig, address, alice, 'approve')
    assert.equal(await login.ended, 0, login.errors())
    const credential = await readFile(join(server.home, '.postern', 'cert.pem'), 'utf8')
    assert.match(credential, /^-----BEGIN POSTERN PUBLISH CREDENTIAL-----/)

    const url = `tcp://localhost:${service}`
    const connector = run(server, 'tunnel', '--hostname', 'tcp.site.com', '--url', url)
    await connector.says(/Registered tunnel connection connIndex=0 /)

    const port = await freePort()
    const gateway = user.tcpArgs('').slice(1, -1)
    const listen = `localhost:${port}`
    const hostname = ['--hostname', 'tcp.site.com']
    const client = run(user, 'access', 'tcp', ...hostname, '--url', listen, ...gateway)
    await client.says(/listening on 127\.0\.0\.1:\d+/)
    assert.equal(await send(scope, port, 'through the connector'), 'through the connector')

    const { connectors } = JSON.parse(
      (await rig.postern('gateway', 'connectors', 'list', '--json')).output,
    ) as { connectors: { id: string; tunnel: string; tunnel_id: string }[] }
    assert.deepEqual(
      connectors.map(({ tunnel }) => tunnel),
      ['tcp.site.com'],
    )
    const line = await rig.lines.first((it) => it['service'] === 'access' && 'connector-id' in it)
    assert.equal(line['connector-id'], connectors[0]?.id)
    assert.equal(line['tunnel-id'], connectors[0]?.tunnel_id)
    assert.equal(line['response-code'], 200)
    // What proves it afterwards, from the sign-in on.
    const { output } = await rig.postern('gateway', 'audit', 'list', '--json')
    const proof = output
      .trimEnd()
      .split('\n')
      .map((text) => JSON.parse(text) as Record<string, unknown>)
    const granted = proof.find((it) => it['request-id'] === line['request-id'] && it['tunnel-id'])
    assert.deepEqual([granted?.['event'], granted?.['email']], ['stream granted', bob])
    const events = proof.map(({ event }) => event)
    assert.deepEqual(
      steps.filter((event) => !events.includes(event)),
      [],
    )

    // Without it nobody gets there, and whoever may is told why.
    connector.signal('SIGTERM')
    await connector.ended
    await assert.rejects(send(scope, port, 'too late'))
    await client.says(/no connector of the tunnel "tcp\.site\.com" is connected/)
  })
})

async function send(scope: Scope, port: number, text: string): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.on('error', () => undefined)
  scope.defer(() => void socket.destroy())
  try {
    return await exchange(socket, text)
  } finally {
    // An open one would have the connector wait for the end of its grace period.
    socket.destroy()
  }
}
