import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe } from 'node:test'
import { peerTest } from './peers.ts'
import { exchange, personAt, untilEnded, type Person } from './person.ts'
import { alice, bob, route, startRig, type GatewayRig } from './rig.ts'
import type { Scope } from './scope.ts'
import { echo, startService } from './services.ts'
import type { Socket } from 'node:net'

const target = 'echo.example.com:7'
/** Ten times what is promised: the machine may be busy. */
const maxCutMs = 10_000

describe('live tunnels', () => {
  peerTest('an edited policy cuts the tunnel it forbids and no other', [], async (scope) => {
    const { rig, hers, his, service } = await startBoth(scope)
    const hersEnded = untilEnded(hers.socket)
    const startedMs = performance.now()
    await rig.configure((file) => ({ ...file, routes: [route(target, service, [bob])] }))
    // Bob's bytes keep moving while hers is cut.
    while (!hers.socket.readableEnded && !hers.socket.closed) {
      assert.equal(await exchange(his.socket, 'still there'), 'still there')
    }
    await hersEnded
    assert.ok(performance.now() - startedMs < maxCutMs)
    const cut = await rig.lines.first((line) => line['ended'] === 'policy-changed')
    assert.deepEqual([cut['email'], cut['reasons']], [alice, ['email-unauthorized']])
    assert.equal(await exchange(his.socket, 'and after'), 'and after')
    const again = await hers.person.pipe(target, '')
    assert.equal(again.ending, 4)
    assert.deepEqual(
      rig.lines.all(({ ended, email }) => ended !== undefined && email === bob),
      [],
    )
  })

  peerTest('a route that is taken away cuts its tunnels', [], async (scope) => {
    const { rig, hers, service } = await startBoth(scope)
    await rig.configure((file) => ({ ...file, routes: [route('other.example.com:7', service)] }))
    await untilEnded(hers.socket)
    const cut = await rig.lines.first((line) => line['ended'] === 'route-removed')
    assert.equal(cut['authority'], target)
  })

  peerTest('revoking a person cuts their tunnels and no other', [], async (scope) => {
    const { rig, hers, his } = await startBoth(scope)
    const startedMs = performance.now()
    const args = ['gateway', 'sessions', 'revoke', '-c', rig.configPath]
    const revoked = await rig.postern(...args, alice)
    assert.equal(revoked.ending, 0, revoked.errors)
    await untilEnded(hers.socket)
    assert.ok(performance.now() - startedMs < maxCutMs)
    assert.equal(await exchange(his.socket, 'still there'), 'still there')
    const cut = await rig.lines.first((line) => line['ended'] === 'session-revoked')
    assert.equal(cut['email'], alice)
    assert.match(revoked.output, new RegExp(`^${String(cut['session-id'])}\n$`))
    assert.equal((await rig.postern(...args, alice)).ending, 2)
    assert.equal((await hers.person.pipe(target, 'again')).output, 'again')
    assert.equal(rig.idp.signInCount, 3)
  })

  peerTest(
    'whom the provider signs out loses their tunnels, and nobody else',
    [],
    async (scope) => {
      const { rig, hers, his } = await startBoth(scope)
      const startedMs = performance.now()
      await rig.idp.signOut(alice)
      await untilEnded(hers.socket)
      assert.ok(performance.now() - startedMs < maxCutMs)
      assert.equal(await exchange(his.socket, 'still there'), 'still there')
      const cut = await rig.lines.first((line) => line['ended'] === 'provider-logout')
      assert.equal(cut['email'], alice)
      await rig.lines.first(
        ({ message }) => message === 'session ended: signed out at the provider',
      )
      assert.equal((await hers.person.pipe(target, 'again')).output, 'again')
      assert.equal(rig.idp.signInCount, 3)
    },
  )

  peerTest('SIGHUP reloads; a bad file changes nothing and says why', [], async (scope) => {
    const { rig, hers } = await startBoth(scope)
    rig.child().signal('SIGHUP')
    await rig.lines.first(({ message }) => message === 'configuration reloaded')
    await rig.configure((file) => ({ ...file, no_such_key: true }))
    rig.child().signal('SIGHUP')
    const refused = await rig.lines.first(({ message }) => /not reloaded/.test(String(message)))
    assert.match(String(refused['problems']), /postern\.yaml:\d+:\d+: .*no_such_key/)
    assert.equal(await exchange(hers.socket, 'still there'), 'still there')
  })

  peerTest('SIGTERM lets a tunnel finish', [], async (scope) => {
    const { rig, hers, his } = await startBoth(scope)
    const stopped = rig.stop()
    await rig.lines.first(({ message }) => message === 'stopping')
    for (const { socket } of [hers, his]) {
      assert.equal(await exchange(socket, 'last words'), 'last words')
      socket.end('and more')
      // An orderly end: 'error' would reject.
      const [rest] = await Promise.all([socket.toArray(), once(socket, 'end')])
      assert.equal(Buffer.concat(rest as Buffer[]).toString(), 'and more')
    }
    assert.equal(await stopped, 0)
    const [line] = rig.lines.all(({ message }) => message === 'stopped')
    assert.equal(line?.['tunnels-cut'], 0)
  })

  peerTest('SIGTERM cuts what has not finished in time, and says so', [], async (scope) => {
    const { rig, hers, his } = await startBoth(scope)
    for (const { socket } of [hers, his]) {
      socket.end()
      await untilEnded(socket)
    }
    await rig.stop()
    await rig.start('--grace-period', '100ms')
    const socket = await open(hers.person)
    await rig.stop()
    await untilEnded(socket)
    const [line] = rig.lines.all((line) => line['tunnels-cut'] === 1)
    assert.equal(line?.['message'], 'stopped')
    const [cut] = rig.lines.all(({ ended }) => ended === 'shutdown')
    assert.equal(cut?.['email'], alice)
  })
})

interface Tunnel {
  readonly person: Person
  readonly socket: Socket
}

/** Alice and Bob, each with a tunnel to an echo that has carried something. */
async function startBoth(
  scope: Scope,
): Promise<{ rig: GatewayRig; service: number; hers: Tunnel; his: Tunnel }> {
  const service = await startService(scope, echo)
  const rig = await startRig(scope, [route(target, service)])
  const tunnel = async (email: string): Promise<Tunnel> => {
    const person = await personAt(scope, rig, email)
    return { person, socket: await open(person) }
  }
  const [hers, his] = await Promise.all([tunnel(alice), tunnel(bob)])
  return { rig, service, hers, his }
}

async function open(person: Person): Promise<Socket> {
  const local = await person.listen(target)
  const socket = await local.connect()
  assert.equal(await exchange(socket, 'hello'), 'hello')
  return socket
}
