import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe } from 'node:test'
import { runChild, startChild, type Child, type Result } from './child.ts'
import { peerTest } from './peers.ts'
import { personAt, type Person } from './person.ts'
import { alice, bob, carol, posternCommand, route, startRig, type GatewayRig } from './rig.ts'
import type { Scope } from './scope.ts'
import { echo, startService } from './services.ts'

const target = 'echo.example.com:7'
const bobApproves = { approvers: [{ allow: { or: [{ email: { is: bob } }] } }], max: '1h' }

describe('access for a while', () => {
  peerTest('is asked for, given, and ends by itself with its tunnels alone', [], async (scope) => {
    const { rig, asking, allowed } = await startTwo(scope)
    const denied = await asking.pipe(target, 'hello')
    assert.equal(denied.ending, 4)
    assert.match(denied.errors, new RegExp(`"postern request ${target} --for 1h --reason TEXT"`))
    const page = /^ {2}why: (https:\/\/localhost:\d+\/\.postern\/refused\/[0-9a-f-]{36})$/m
    assert.match(denied.errors, page)

    const reason = 'incident 7\u001b[31m'
    const waiting = startRequest(scope, asking, [
      target,
      '--for',
      '4s',
      '--reason',
      reason,
      '--wait',
    ])
    await waiting.says(/asked as ar-/)
    const again = await request(scope, asking, [target, '--for', '1h', '--reason', 'x'])
    assert.equal(again.ending, 2, again.errors)
    assert.match(again.errors, /you have asked for access to this route already/)
    const id = await openRequest(rig)
    const given = await operate(rig, 'requests', 'approve', id, '--note', 'go')
    assert.match(given.output, new RegExp(`^${id}: approved until `))
    const tunnel = await openEcho(asking)
    const other = await openEcho(allowed)
    assert.equal(await waiting.ended, 0, waiting.errors())
    assert.match(waiting.bytes().toString(), /access to "echo" until .*, given by the operator: go/)

    assert.equal(await tunnel.ended, 10, tunnel.errors())
    const end = /access granted by the operator until \d\d:\d\d UTC has ended\n {2}hint: ask for it/
    assert.match(tunnel.errors(), end)
    other.stdin.write('still here')
    await other.says(/still here/)
    assert.equal((await asking.pipe(target, 'hello')).ending, 4)
    const listed = await request(scope, asking, ['list', '--json'])
    const { requests } = JSON.parse(listed.output) as { requests: Record<string, unknown>[] }
    assert.deepEqual([requests[0]?.['state'], requests[0]?.['id']], ['ended', id])
    const line = await rig.lines.first((it) => it['ended'] === 'access-ended')
    assert.equal(line['response-code'], 200)
  })

  peerTest('holds over a restart, and is ended before its time at once', [], async (scope) => {
    const { rig, asking } = await startTwo(scope)
    await request(scope, asking, [target, '--for', '1h', '--reason', 'incident 7'])
    const id = await openRequest(rig)
    await operate(rig, 'requests', 'approve', id)
    await rig.stop()
    await rig.start()
    const tunnel = await openEcho(asking)
    const { output } = await operate(rig, 'requests', 'end', id, '--json')
    assert.equal((JSON.parse(output) as { state: string }).state, 'ended')
    assert.equal(await tunnel.ended, 10, tunnel.errors())
    assert.match(tunnel.errors(), /access granted by the operator until .* was ended before that\n/)
    const cancelled = await request(scope, asking, ['cancel', id])
    assert.equal(cancelled.ending, 2, cancelled.errors)
    assert.match(cancelled.errors, /the operator has ended this access already/)
  })

  peerTest('may be taken in an emergency, loudly', [], async (scope) => {
    const { rig, asking } = await startTwo(scope)
    const args = [target, '--for', '10m', '--reason', 'nobody answers', '--break-glass']
    const broken = await request(scope, asking, args)
    assert.equal(broken.ending, 0, broken.errors)
    await openEcho(asking)
    const warning = await rig.lines.first(({ message }) => message === 'glass broken')
    assert.deepEqual(
      [warning['level'], warning['reason'], warning['by-email']],
      ['warn', 'nobody answers', carol],
    )
  })
})

peerTest('a person who is blocked gets no byte a second later, and is told', [], async (scope) => {
  const { rig, allowed: person, other } = await startTwo(scope, 'sends')
  const tunnel = person.openPipe(target)
  const neighbour = other.openPipe(target)
  let lastByteAt = 0
  tunnel.stdout.on('data', () => (lastByteAt = Date.now()))
  await Promise.all([tunnel.says(/tick/), neighbour.says(/tick/)])
  const starts = (await person.browserStarts()).length

  const blocked = await operate(rig, 'blocks', 'add', alice, '--reason', 'laptop stolen')
  assert.match(blocked.errors, /cut 1 tunnels, ended 1 sessions/)
  assert.equal(await tunnel.ended, 10, tunnel.errors())
  assert.match(tunnel.errors(), /you are blocked on this gateway/)
  const line = await rig.lines.first(({ message }) => message === 'person blocked')
  const tookMs = lastByteAt - Date.parse(String(line['time']))
  assert.ok(tookMs < 1_000, `bytes came for ${tookMs} ms`)

  const refused = await person.pipe(target, '')
  assert.equal(refused.ending, 4, refused.errors)
  assert.match(refused.errors, /you are blocked on this gateway, and may do nothing/)
  assert.equal((await person.browserStarts()).length, starts)
  assert.doesNotMatch(neighbour.errors(), /error/)
  await once(neighbour.stdout, 'data')

  // A gateway waits for tunnels when it stops.
  neighbour.signal('SIGTERM')
  await neighbour.ended
  await rig.stop()
  await rig.start()
  assert.equal((await person.pipe(target, '')).ending, 4)
  const { output } = await operate(rig, 'blocks', 'remove', alice, '--json')
  assert.equal((JSON.parse(output) as { block: { who: string } }).block.who, alice)
  const back = person.openPipe(target)
  await back.says(/tick/)
})

/** Somebody who may use the route, and somebody who has to ask. */
async function startTwo(scope: Scope, kind: 'echoes' | 'sends' = 'echoes') {
  const service = await startService(scope, (socket) => {
    if (kind === 'echoes') return echo(socket)
    const timer = setInterval(() => socket.write('tick\n'), 20)
    socket.once('close', () => clearInterval(timer)).resume()
  })
  const breakers = [{ allow: { or: [{ email: { is: carol } }] } }]
  const entry = { ...route(target, service), approval: bobApproves, break_glass: breakers }
  const rig = await startRig(scope, [entry])
  return {
    rig,
    allowed: await personAt(scope, rig, alice),
    other: await personAt(scope, rig, bob),
    asking: await personAt(scope, rig, carol),
  }
}

/** A client whose tunnel has carried something. */
async function openEcho(person: Person): Promise<Child> {
  const pipe = person.openPipe(target)
  pipe.stdin.write('hello')
  await pipe.says(/hello/)
  return pipe
}

/** What leads to the gateway, whatever the command. */
function waysOf(person: Person): readonly string[] {
  return person.tcpArgs('x').slice(1, -1)
}

function request(scope: Scope, person: Person, args: readonly string[]): Promise<Result> {
  const command = posternCommand('request', ...args, ...waysOf(person))
  return runChild(scope, ...command, { env: person.env, cwd: person.home })
}

function startRequest(scope: Scope, person: Person, args: readonly string[]): Child {
  const command = posternCommand('request', ...args, ...waysOf(person))
  return startChild(scope, ...command, { env: person.env, cwd: person.home })
}

async function operate(rig: GatewayRig, ...args: readonly string[]): Promise<Result> {
  const result = await rig.postern('gateway', ...args, '-c', rig.configPath)
  assert.equal(result.ending, 0, result.errors)
  return result
}

async function openRequest(rig: GatewayRig): Promise<string> {
  const { output } = await operate(rig, 'requests', 'list', '--json')
  const { requests } = JSON.parse(output) as { requests: { id: string; reason: string }[] }
  assert.equal(requests.length, 1, output)
  assert.doesNotMatch(requests[0]?.reason ?? '', /\p{Cc}/u)
  return requests[0]?.id ?? ''
}
