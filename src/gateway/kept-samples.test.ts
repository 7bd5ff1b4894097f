import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { localActor } from '../control/change.ts'
import {
  connectHead,
  connectTls,
  echo,
  startService,
  testConfig,
  testRoute,
} from './gateway.fixture.ts'
import { startGateway } from './start.ts'

test('what tunnels moved is in the pictures of the next process as well', async (t) => {
  const stateDirectory = await mkdtemp(join(tmpdir(), 'postern-samples-'))
  t.after(() => rm(stateDirectory, { recursive: true, force: true }))
  await using service = await startService(echo)
  const open = [{ allow: { or: [{ accept: true }] } }]
  const route = testRoute('tcp+https://echo.example.com:7', [service.port], open)
  const config = { ...testConfig([route]), stateDirectory }
  for (const _ of [1, 2]) {
    const gateway = await startGateway(config, { logSink: { write: () => undefined } })
    t.after(() => gateway.close(0))
    const socket = await connectTls(gateway.address.port)
    socket.write(connectHead('echo.example.com:7'))
    const [head] = (await once(socket, 'data')) as [Buffer]
    assert.match(head.toString(), /^HTTP\/1\.1 200 /)
    socket.write('0123456789')
    await once(socket, 'data')
    socket.destroy()
    await gateway.close(0)
  }
  const last = await startGateway(config, { logSink: { write: () => undefined } })
  t.after(() => last.close(0))
  const { points } = await last.operations.samples(localActor, { step: '1d' })
  const sum = (name: 'tunnels_opened' | 'bytes_up' | 'bytes_down'): number =>
    points.reduce((total, point) => total + point[name], 0)
  assert.deepEqual([sum('tunnels_opened'), sum('bytes_up'), sum('bytes_down')], [2, 20, 20])
  const { busiest_routes: busiest } = await last.operations.overview(localActor)
  assert.deepEqual(
    busiest.map(({ route_id: id, name, bytes_up: up }) => [id, name, up]),
    [[route.id, route.name, 20]],
  )
})
