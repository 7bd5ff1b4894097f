import assert from 'node:assert/strict'
import { describe } from 'node:test'
import type { Child } from './child.ts'
import { startHttp1Edge } from './http1-edge.ts'
import { peerTest } from './peers.ts'
import { exchange, personAt, untilEnded, type Person } from './person.ts'
import { alice, bob, route, startRig, type GatewayRig, type RouteEntry } from './rig.ts'
import type { Scope } from './scope.ts'
import { echo, startService } from './services.ts'

const target = 'echo.example.com:7'
const contact = 'ops@example.com'

/** What the client of a cut tunnel says last; the id is the gateway's own for it. */
function words(sentence: string, next: string, reasons?: string): RegExp {
  const why = reasons === undefined ? '' : `  reasons: ${reasons}\\n`
  const start = `^postern: error: the gateway cut the tunnel to "${target}": ${sentence}\\n`
  return new RegExp(`${start}${why}  hint: ${next}\\n  request id: ([0-9a-f-]{36})$`, 'm')
}

for (const transport of ['HTTP/2', 'HTTP/1.1', 'WebSocket'] as const) {
  describe(`the client of a tunnel over ${transport} that is cut`, () => {
    peerTest('ends with code 10 and says why', [], async (scope) => {
      const { rig, service, open } = await startOver(scope, transport)
      const here = (changes: Partial<RouteEntry> = {}): RouteEntry => ({
        ...route(target, service),
        contact,
        ...changes,
      })

      const revoked = await open()
      await rig.postern('gateway', 'sessions', 'revoke', '-c', rig.configPath, alice)
      await endsWith(rig, revoked, 'session-revoked', words('the sign-in, .* ended', 'connect .*'))

      const denied = await open()
      await rig.configure((file) => ({ ...file, routes: [here(route(target, service, [bob]))] }))
      const sentence = 'the policy no longer allows it: your email address is not among .*'
      const next = `ask ${contact} for access, and give the request id`
      await endsWith(rig, denied, 'policy-changed', words(sentence, next, 'email-unauthorized'))

      await configure(rig, [here()])
      const late = await open()
      // The reload leaves it open, and time closes it; a reload that takes longer says the same.
      const before = new Date(Date.now() + 2_000).toISOString()
      const inTime = { and: [{ email: { is: alice } }, { date: { before } }] }
      await rig.configure((file) => ({
        ...file,
        routes: [here({ policy: [{ allow: inTime }] })],
      }))
      const outside = 'the policy no longer allows it: today is outside the dates .*'
      await endsWith(rig, late, 'policy-changed', words(outside, next, 'date-unauthorized'))

      await configure(rig, [here()])
      const removed = await open()
      await configure(rig, [here({ from: 'tcp+https://other.example.com:7' })])
      const gone = words('the route is gone from the gateway', `ask ${contact} which route .*`)
      await endsWith(rig, removed, 'route-removed', gone)

      await rig.configure((file) => ({ ...file, routes: [here()] }))
      await rig.stop()
      await rig.start('--grace-period', '100ms')
      const left = await open()
      left.stdout.once('end', () => left.stdin.end())
      await rig.stop()
      if (transport === 'HTTP/1.1') await endsInDoubt(left)
      else await endsWith(rig, left, 'shutdown', words('the gateway stops or .*', 'connect again'))
    })
  })
}

peerTest('a listener warns of a cut, and goes on', [], async (scope) => {
  const { rig, person } = await startOver(scope, 'HTTP/2')
  const local = await person.listen(target)
  const socket = await local.connect()
  await exchange(socket, 'hello')
  await rig.postern('gateway', 'sessions', 'revoke', '-c', rig.configPath, alice)
  await untilEnded(socket)
  await local.child.says(
    /WRN tcptunnel: the gateway cut the tunnel to "echo\.example\.com:7": .*\n {2}hint: .*\n {2}request id: /,
  )
  assert.equal(await exchange(await local.connect(), 'again'), 'again')
})

peerTest('a service that resets is not taken for the gateway', [], async (scope) => {
  const service = await startService(scope, (socket) => {
    socket.once('data', () => socket.resetAndDestroy())
  })
  const rig = await startRig(scope, [route(target, service)])
  const person = await personAt(scope, rig, alice)
  const { ending, errors } = await person.pipe(target, 'x')
  assert.equal(ending, 9)
  assert.match(errors, /was lost before its end\n {2}hint: the gateway did not cut it: .*\n.*id: /)
})

async function startOver(scope: Scope, transport: 'HTTP/2' | 'HTTP/1.1' | 'WebSocket') {
  const service = await startService(scope, echo)
  const rig = await startRig(scope, [{ ...route(target, service), contact }])
  const way = transport === 'HTTP/1.1' ? await startHttp1Edge(scope, rig) : rig
  const person: Person = await personAt(scope, way, alice)
  const options = transport === 'WebSocket' ? ['--transport', 'websocket'] : []
  return {
    rig,
    service,
    person,
    /** A client whose tunnel has carried something. */
    async open(): Promise<Child> {
      const pipe = person.openPipe(target, ...options)
      pipe.stdin.write('hello')
      await pipe.says(/hello/)
      return pipe
    },
  }
}

/** Resolves when the gateway has taken the routes over. */
async function configure(rig: GatewayRig, routes: readonly RouteEntry[]): Promise<void> {
  const isReload = ({ message }: Readonly<Record<string, unknown>>): boolean =>
    message === 'configuration reloaded'
  const before = rig.lines.all(isReload).length
  await rig.configure((file) => ({ ...file, routes }))
  await rig.lines.first(() => rig.lines.all(isReload).length > before)
}

/** Its program hears of the end by the end of stdout, its caller by the exit code. */
async function endsWith(
  rig: GatewayRig,
  tunnel: Child,
  ended: string,
  expected: RegExp,
): Promise<void> {
  assert.equal(await tunnel.ended, 10, tunnel.errors())
  const requestId = expected.exec(tunnel.errors())?.[1]
  assert.ok(requestId, tunnel.errors())
  const line = await rig.lines.first((line) => line['request-id'] === requestId && 'ended' in line)
  assert.equal(line['ended'], ended)
}

/** Over HTTP/1.1 a gateway that has left can tell nobody: the end looks orderly, and may be none. */
async function endsInDoubt(tunnel: Child): Promise<void> {
  assert.equal(await tunnel.ended, 9, tunnel.errors())
  assert.match(tunnel.errors(), /may have been lost .*\n {2}hint: .* restarted\n {2}request id: /)
}
