import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { describe, test } from 'node:test'
import { ensurePagesBuilt } from '../e2e/pages-built.ts'
import { alice, route, startRig, type GatewayRig } from '../e2e/rig.ts'
import { inScope, type Scope } from '../e2e/scope.ts'
import { echo, startService } from '../e2e/services.ts'
import { connectTls } from './dial.ts'
import { startNeighbour } from './neighbour.ts'
import { portalFile, stalls, type Stall } from './stalled.ts'
import { many, untilEnd } from './victim.ts'

const open = 'open.example.com:7'
const limit = 200
/** `ulimit` of the shell: there is no other program that is on every machine. */
const launcher = ['sh', '-c', `ulimit -n ${limit}; exec "$@"`, 'sh']
const maxTestMs = 120_000

describe(`a gateway that may open ${limit} files`, () => {
  test('serves pages and new tunnels whatever stalls', { timeout: maxTestMs }, async (t) => {
    await inScope(
      async (scope) => {
        const rig = await start(scope)
        const neighbour = await startNeighbour(scope, rig, open)
        for (const [name, stall] of Object.entries(stalls)) {
          const stalled = await openMany(rig, stall)
          await many(20, () => checkPage(rig, name))
          await many(10, () => checkTunnel(rig, name))
          for (const socket of stalled) socket.destroy()
        }
        await neighbour.close()
        const line = await rig.lines.first(({ end }) => end === 'descriptors')
        assert.equal(line['level'], 'warn')
        assert.match(String(line['hint']), /LimitNOFILE/)
      },
      (text) => t.diagnostic(text),
    )
  })
})

async function start(scope: Scope): Promise<GatewayRig> {
  ensurePagesBuilt()
  const port = await startService(scope, echo)
  const anybody = { policy: [{ allow: { or: [{ accept: true }] } }] }
  return startRig(scope, [{ ...route(open, port, [alice]), ...anybody }], {}, 'localhost', launcher)
}

/** More than there are descriptors, from different addresses, ten at a time. */
async function openMany(rig: GatewayRig, stall: Stall): Promise<readonly Socket[]> {
  const path = await portalFile()
  const sockets: Socket[] = []
  const left = Array.from({ length: limit + 50 }, (_, index) => index)
  await many(10, async () => {
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      sockets.push(await stall(rig, path, `127.0.${1 + (next % 100)}.1`))
    }
  })
  return sockets
}

async function checkPage(rig: GatewayRig, name: string): Promise<void> {
  const socket = await connectTls(rig, 'http/1.1')
  const answer = untilEnd(socket)
  socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
  assert.match(await answer, /^HTTP\/1\.1 200 .*ok\n$/s, name)
}

async function checkTunnel(rig: GatewayRig, name: string): Promise<void> {
  const socket = await connectTls(rig, 'http/1.1')
  const answer = untilEnd(socket)
  socket.end(`CONNECT ${open} HTTP/1.1\r\nHost: ${open}\r\n\r\nsaid something`)
  assert.match(await answer, /^HTTP\/1\.1 200 .*said something$/s, name)
}
