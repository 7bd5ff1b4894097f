import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe } from 'node:test'
import { peerTest } from './peers.ts'
import { personAt, untilEnded, type Person } from './person.ts'
import { freePort } from '../../src/net/free-port.fixture.ts'
import { alice, carol, route, startRig, type GatewayRig } from './rig.ts'
import type { Scope } from './scope.ts'
import { echo, startService } from './services.ts'

const target = 'echo.example.com:7'
const down = 'down.example.com:7'

describe('what the gateway refuses', () => {
  peerTest('somebody the policy denies is told why, with exit code 4', [], async (scope) => {
    const { rig } = await startTwo(scope)
    const person = await personAt(scope, rig, carol)
    const denied = await person.pipe(target, 'hello')
    assert.deepEqual([denied.ending, denied.output], [4, ''])
    const access = await rig.lines.first((line) => line['response-code'] === 403)
    assert.match(
      denied.errors,
      /^postern: error: "carol@example\.com" may not use route "echo": .+$/m,
    )
    assert.match(denied.errors, /^ {2}reasons: email-unauthorized$/m)
    assert.match(denied.errors, /^ {2}hint: ask echo-team@example\.com for access/m)
    assert.ok(denied.errors.includes(`  request id: ${String(access['request-id'])}\n`))
    // It is logged once it is kept in the audit file, which may be after the answer.
    const decision = await rig.lines.first(
      (line) => line['service'] === 'authorize' && line['email'] === carol,
    )
    assert.equal(decision['request-id'], access['request-id'])
    assert.equal(decision['allow'], false)
    assert.deepEqual(decision['allow-why-false'], ['email-unauthorized'])
    assert.equal(access['response-code-details'], 'policy_denied')
  })

  peerTest('somebody who was denied need not sign in again', [], async (scope) => {
    const { rig } = await startTwo(scope)
    const person = await personAt(scope, rig, carol)
    for (const _ of [1, 2]) assert.equal((await person.pipe(target, '')).ending, 4)
    assert.equal(rig.idp.signInCount, 1)
  })

  peerTest('a route that is not there is said and logged, with exit code 5', [], async (scope) => {
    const { rig, person } = await startTwo(scope)
    const unknown = await person.pipe('echo.example.com:8', 'hello')
    assert.equal(unknown.ending, 5)
    assert.match(unknown.errors, /^postern: error: no route for echo\.example\.com:8$/m)
    const line = await rig.lines.first((line) => line['response-code'] === 404)
    assert.equal(line['response-code-details'], 'route_not_found')
    assert.equal(line['upstream-cluster'], '')
    assert.match(rig.lines.text(), /"response-code-details":"route_not_found"/)
    assert.equal(rig.idp.signInCount, 0)
  })

  peerTest('a wrong port is told the right one, to who may use it', [], async (scope) => {
    const port = await startService(scope, echo)
    const both = [alice, carol]
    const rig = await startRig(scope, [
      route('echo.example.com:443', port),
      route(target, port, both),
    ])
    const wrong = 'echo.example.com:22'
    const said = async (email: string): Promise<string> => {
      const person = await personAt(scope, rig, email)
      const stranger = await person.pipe(wrong, '')
      assert.match(stranger.errors, /^postern: error: no route for echo\.example\.com:22$/m)
      assert.equal((await person.pipe(target, 'hello')).output, 'hello')
      const { ending, errors } = await person.pipe(wrong, '')
      assert.equal(ending, 5)
      return errors
    }
    assert.match(await said(alice), /no route for \S+:22; there are some for :7 and :443$/m)
    assert.match(await said(carol), /no route for \S+:22; there is one for :7$/m)
    const logged = rig.lines.all((line) => line['response-code-details'] === 'route_not_found')
    assert.deepEqual(
      logged.map((line) => [line['email'], line['other-ports']]),
      [
        [undefined, undefined],
        [alice, [7, 443]],
        [undefined, undefined],
        [carol, [7]],
      ],
    )
  })

  peerTest('a service that is down costs no sign-in, and has exit code 6', [], async (scope) => {
    const { rig, person } = await startTwo(scope)
    const first = await person.pipe(down, 'hello')
    assert.equal(first.ending, 6, first.errors)
    assert.match(first.errors, /^postern: error: .*cannot be reached/m)
    const line = await rig.lines.first((line) => line['response-code'] === 503)
    assert.equal(line['response-code-details'], 'upstream_unreachable')
    assert.equal((await person.pipe(down, '')).ending, 6)
    assert.equal((await person.pipe(target, 'hello')).output, 'hello')
    assert.equal(rig.idp.signInCount, 1)
  })

  peerTest(
    'a gateway that is down is said, with exit code 7, and costs no sign-in',
    [],
    async (scope) => {
      const { rig, person } = await startTwo(scope)
      await person.pipe(target, '')
      await rig.stop()
      const lost = await person.pipe(target, 'hello')
      assert.equal(lost.ending, 7)
      assert.match(lost.errors, /^postern: error: the gateway .*"localhost:\d+"/m)
      await rig.start()
      assert.equal((await person.pipe(target, 'hello')).output, 'hello')
      assert.equal(rig.idp.signInCount, 1)
    },
  )

  peerTest(
    'a local connection that is refused is cut, and the next one is served',
    [],
    async (scope) => {
      const service = await startService(scope, echo)
      const rig = await startRig(scope, [route(target, service, [alice])])
      const person = await personAt(scope, rig, carol)
      const local = await person.listen(target)
      const socket = await local.connect()
      const failed = once(socket, 'error') as Promise<[NodeJS.ErrnoException]>
      // Not an orderly end, which would look like an answer without content.
      const [error] = await failed
      assert.equal(error.code, 'ECONNRESET')
      await local.child.says(/ERR tcptunnel: "carol@example\.com" may not use route "echo"/)
      await rig.configure((file) => ({ ...file, routes: [route(target, service, [carol])] }))
      await rig.lines.first(({ message }) => message === 'configuration reloaded')
      const allowed = await local.connect()
      allowed.end('now')
      assert.equal(Buffer.concat((await allowed.toArray()) as Buffer[]).toString(), 'now')
      await untilEnded(allowed)
    },
  )
})

async function startTwo(scope: Scope): Promise<{ rig: GatewayRig; person: Person }> {
  const service = await startService(scope, echo)
  const contact = 'echo-team@example.com'
  const routes = [{ ...route(target, service), contact }, route(down, await freePort())]
  const rig = await startRig(scope, routes)
  return { rig, person: await personAt(scope, rig, alice) }
}
