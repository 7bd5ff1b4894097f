import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { silentLogger } from '../../log.ts'
import { requestIdHeader } from '../../tunnel/headers.ts'
import { gatewayPaths } from '../../tunnel/paths.ts'
import { parseGatewayUrl, type GatewayAddress } from '../../reach/destination.ts'
import { logOut, type Logout } from './logout.ts'
import { openTokenCache } from './token-cache.ts'
import { loadTrust } from '../../reach/trust.ts'

interface Rig {
  readonly gateway: GatewayAddress
  readonly requests: IncomingMessage[]
  close(): Promise<void>
  run(): Promise<Logout>
  /** Files in the cache. */
  files(): Promise<string[]>
}

/** A gateway that answers every sign-out with this status, and a token in the cache. */
async function setUp(t: TestContext, status: number): Promise<Rig> {
  const directory = await mkdtemp(join(tmpdir(), 'postern-logout-'))
  const requests: IncomingMessage[] = []
  const server = createServer((request, response) => {
    requests.push(request)
    response.writeHead(status, { [requestIdHeader]: 'r1' }).end('{}')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = async (): Promise<void> => {
    server.closeAllConnections()
    if (server.listening) await new Promise((resolve) => server.close(resolve))
  }
  t.after(async () => {
    await close()
    await rm(directory, { recursive: true })
  })
  const gateway = parseGatewayUrl(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const scope = { origin: gateway.origin, isVerified: true }
  await openTokenCache(join(directory, 'tokens'), scope, silentLogger).write('aa.bb.cc')
  const trust = await loadTrust({})
  const options = { gateway, trust, log: silentLogger, cacheDirectory: directory }
  return {
    gateway,
    requests,
    close,
    run: () => logOut(options, new AbortController().signal),
    files: () => readdir(join(directory, 'tokens')),
  }
}

test('the session is ended with the token in a header, and the token removed', async (t) => {
  const rig = await setUp(t, 200)
  assert.deepEqual(await rig.run(), { kind: 'ended' })
  assert.deepEqual(await rig.files(), [])
  const [{ method, url, headers } = assert.fail('nothing was asked')] = rig.requests
  assert.deepEqual(
    [method, url, headers.authorization],
    ['POST', gatewayPaths.endSession, 'Pomerium aa.bb.cc'],
  )
  assert.deepEqual(await rig.run(), { kind: 'not-signed-in' })
  assert.equal(rig.requests.length, 1)
})

test('a session that was over, or that the gateway cannot end, leaves no token either', async (t) => {
  for (const [status, expected] of [
    [401, { kind: 'over' }],
    [404, { kind: 'left', error: undefined }],
  ] as const) {
    const rig = await setUp(t, status)
    assert.deepEqual(await rig.run(), expected)
    assert.deepEqual(await rig.files(), [])
  }
})

test('a gateway that cannot be reached keeps nobody from removing the token', async (t) => {
  const rig = await setUp(t, 200)
  await rig.close()
  const end = await rig.run()
  assert.ok(end.kind === 'left' && end.error?.code === 'gateway-unreachable')
  assert.deepEqual(await rig.files(), [])
})
