import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { describe } from 'node:test'
import { startHttp1Edge } from './http1-edge.ts'
import { peerTest } from './peers.ts'
import { personAt, type Person } from './person.ts'
import { alice, route, startRig, type GatewayRig } from './rig.ts'
import type { Scope } from './scope.ts'
import { answerAtEnd, sha256, startService } from './services.ts'

const target = 'late.example.com:7'
const digestBytes = 32
const request = randomBytes(1024 * 1024)
const reply = randomBytes(8 * 1024 * 1024)

for (const version of ['HTTP/2', 'HTTP/1.1'] as const) {
  describe(`the end of one direction over ${version}`, () => {
    peerTest('a service that answers after the end of stdin is heard whole', [], async (scope) => {
      const { person, rig } = await startLate(scope, version)
      const piped = await person.pipe(target, request)
      assert.equal(piped.ending, 0, piped.errors)
      checkAnswer(piped.bytes)
      const line = await rig.lines.first(({ ended }) => ended !== undefined)
      assert.deepEqual(
        [line['bytes-up'], line['bytes-down'], line['ended']],
        [request.length, digestBytes + reply.length, 'client-closed'],
      )
    })

    peerTest('a local connection that ends its side still gets the answer', [], async (scope) => {
      const { person } = await startLate(scope, version)
      const local = await person.listen(target)
      const socket = await local.connect()
      socket.end(request)
      checkAnswer(Buffer.concat((await socket.toArray()) as Buffer[]))
    })

    peerTest('a service that ends first ends stdout, and stdin may go on', [], async (scope) => {
      const service = await startService(scope, (socket) => socket.resume().end('bye'))
      const { person, rig } = await startFor(scope, version, service)
      const pipe = person.openPipe(target)
      pipe.stdin.write('before ')
      await once(pipe.stdout, 'end')
      assert.equal(pipe.output(), 'bye')
      pipe.stdin.end('after')
      assert.equal(await pipe.ended, 0, pipe.errors())
      const line = await rig.lines.first(({ ended }) => ended !== undefined)
      assert.deepEqual([line['bytes-up'], line['ended']], [12, 'upstream-closed'])
    })

    peerTest(
      'a service that reads slowly gets all that a client left behind',
      [],
      async (scope) => {
        const { promise: received, resolve, reject } = Promise.withResolvers<Buffer>()
        received.catch(() => undefined)
        const service = await startService(scope, (socket) => {
          socket.end('bye')
          void readSlowly(socket).then(resolve, reject)
        })
        const { person, rig } = await startFor(scope, version, service)
        const piped = await person.pipe(target, reply)
        assert.deepEqual([piped.ending, piped.output], [0, 'bye'], piped.errors)
        assert.equal(sha256(await received), sha256(reply))
        const line = await rig.lines.first(({ ended }) => ended !== undefined)
        assert.deepEqual([line['bytes-up'], line['ended']], [reply.length, 'upstream-closed'])
      },
    )
  })
}

/** Takes at most 8 MiB a second, so that whoever sends is done long before. */
async function readSlowly(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    await wait(chunk.length / (8 * 1024))
  }
  return Buffer.concat(chunks)
}

function checkAnswer(answer: Buffer): void {
  assert.equal(answer.length, digestBytes + reply.length)
  assert.equal(answer.subarray(0, digestBytes).toString('hex'), sha256(request))
  assert.equal(sha256(answer.subarray(digestBytes)), sha256(reply))
}

interface Late {
  readonly rig: GatewayRig
  readonly person: Person
}

async function startLate(scope: Scope, version: 'HTTP/2' | 'HTTP/1.1'): Promise<Late> {
  return startFor(scope, version, await startService(scope, answerAtEnd(reply)))
}

async function startFor(
  scope: Scope,
  version: 'HTTP/2' | 'HTTP/1.1',
  service: number,
): Promise<Late> {
  const rig = await startRig(scope, [route(target, service)])
  const way = version === 'HTTP/2' ? rig : await startHttp1Edge(scope, rig)
  return { rig, person: await personAt(scope, way, alice) }
}
