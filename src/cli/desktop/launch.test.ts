import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startFakeGateway } from '../../reach/fake-gateway.fixture.ts'
import { openDaemonRig } from '../../desktop/running/daemon.fixture.ts'
import { launchRow } from './launch.ts'

test('a daemon that takes the place of the session’s stays, and brings up what starts at launch', async () => {
  await using gateway = await startFakeGateway({ isPublic: true })
  await using rig = await openDaemonRig()
  const marked = await rig.add(gateway, { name: 'marked', start_at_launch: true })
  const other = await rig.add(gateway, { name: 'other' })
  await rig.daemon.down([marked, other])
  let stays = 0
  const row = launchRow(rig.daemon, () => stays++)
  const answer = await row.serve(undefined, () => '', new Request('http://daemon/launch'))
  assert.deepEqual(answer, { pid: process.pid })
  assert.equal(stays, 1)
  const up = rig.daemon.view().connections.filter(({ is_up }) => is_up)
  assert.deepEqual(
    up.map(({ id }) => id),
    [marked],
  )
})
