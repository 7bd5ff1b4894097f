import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { echo, startService } from '../../src/gateway/gateway.fixture.ts'
import { openTunnel, routeBy, startFirst } from '../../src/upstream/upstream.fixture.ts'
import { openHarbour } from './harbour.ts'

for (const [what, ended] of [
  ['delete', 'named-tunnel-deleted'],
  ['rotate', 'connector-revoked'],
] as const) {
  test(`a tunnel is cut when its named tunnel is ${what}d, and its line says that and no more`, async () => {
    await using harbour = await openHarbour()
    await using service = await startService(echo)
    const tunnelId = await harbour.createTunnel()
    const rules = `  - service: tcp://127.0.0.1:${service.port}\n`
    await harbour.join(await harbour.credentialOf(tunnelId), rules)
    const way = { kind: 'connector', tunnel: tunnelId, service: undefined } as const
    await using gateway = await startFirst(routeBy(way), harbour.links)
    harbour.gateway = gateway
    const socket = await openTunnel(gateway)
    socket.write('?')
    await once(socket, 'data')
    const closed = once(socket.resume(), 'end')
    await harbour.publishing.namedTunnels[what](tunnelId)
    await closed
    const line = await gateway.line((entry) => entry['service'] === 'access')
    assert.deepEqual([line['ended'], line['tunnel-id']], [ended, tunnelId])
  })
}
