import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { inTime, type Child } from './child.ts'
import { startAccess, startConnectorRig, type ConnectorRig } from './connector-rig.ts'
import { exchangeAndEnd, startFramedService, transferBothWays } from './framed-service.ts'
import { byWebSocket, type OpenWay } from './open-ways.ts'
import { maxBulkTestMs, peerTest } from './peers.ts'
import type { Scope } from './scope.ts'
import { answerAtEnd, sha256, startService } from './services.ts'
import { takeAll } from './take-all.ts'

// POSTERN_LONG_TESTS=1 asks for what takes minutes.
const isLong = process.env['POSTERN_LONG_TESTS'] === '1'
const transferBytes = (isLong ? 200 : 16) * 1024 * 1024
const atOnce = isLong ? 500 : 100

peerTest(
  'each client carries every byte through each connector, on many connections at once',
  [],
  async (scope) => {
    const reply = randomBytes(transferBytes)
    const service = await startFramedService(scope, reply)
    const rig = await startConnectorRig(scope)
    const clients = [(await startAccess(scope, rig)).connect, byWebSocket(scope, rig)] as const

    const connector = await rig.startConnector(service.port)
    for (const open of clients) await checkPair(open, reply)
    await endConnector(connector)

    await checkHalfClose(scope, rig, clients[0])

    await rig.startStockConnector(service.port)
    for (const open of clients) await checkPair(open, reply)
  },
  maxBulkTestMs,
)

async function checkPair(open: OpenWay, reply: Buffer): Promise<void> {
  const payload = randomBytes(transferBytes)
  const way = await open()
  const arrived = await transferBothWays(way, payload)
  way.destroy()
  assert.deepEqual(arrived, { up: sha256(payload), down: sha256(reply) })
  const many = Array.from({ length: atOnce }, async (_, index) =>
    exchangeAndEnd(await open(), index % 2 === 0 ? 'client' : 'service'),
  )
  await inTime(Promise.all(many), () => `${atOnce} connections did not end`)
}

/** The end of one direction leaves the other open where neither end is stock, whichever side is first. */
async function checkHalfClose(scope: Scope, rig: ConnectorRig, open: OpenWay): Promise<void> {
  const [request, reply] = [randomBytes(1024 * 1024), randomBytes(4 * 1024 * 1024)]
  const received = Promise.withResolvers<Buffer>()
  const services = [
    answerAtEnd(reply),
    (socket: Socket) => void takeAll(socket.end('bye')).then(received.resolve, received.reject),
  ]
  const connector = await rig.startConnector(
    await startService(scope, (socket) => services.shift()?.(socket)),
  )
  const answer = await takeAll((await open()).end(request))
  assert.equal(answer.subarray(0, 32).toString('hex'), sha256(request))
  assert.equal(sha256(answer.subarray(32)), sha256(reply))

  const way = await open()
  assert.equal((await takeAll(way)).toString(), 'bye')
  way.end(request)
  assert.equal(sha256(await received.promise), sha256(request))
  await endConnector(connector)
}

async function endConnector(connector: Child): Promise<void> {
  connector.signal('SIGTERM')
  assert.equal(await connector.ended, 0, connector.errors())
}
