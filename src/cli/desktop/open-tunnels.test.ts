import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConnectionView, DaemonView } from '../../desktop/wire/view.ts'
import type { OwnTunnel } from '../../tunnel/own-tunnels.ts'
import { besideDaemons } from './open-tunnels.ts'

const origin = 'https://gate.corp'

function tunnel(id: string, target: string): OwnTunnel {
  const openedAt = '2026-11-29T12:00:00Z'
  return { id, route: id, target, ip: '', openedAt, bytesUp: 0, bytesDown: 0, until: undefined }
}

function shown(
  tunnels: readonly OwnTunnel[],
  connections: readonly Partial<ConnectionView>[],
): readonly string[] {
  const look = { session: 'signed-in', tunnels: { tunnels, open: 0, isTruncated: false } } as const
  const view = { connections } as unknown as DaemonView
  return besideDaemons({ name: 'work', origin, look }, view).map(({ id }) => id)
}

test('what the daemon has is not told twice, and what another program has is', () => {
  const all = [tunnel('1', 'db:1'), tunnel('2', 'db:1'), tunnel('3', 'cache:1')]
  const db = { gateway: origin, authority: 'db:1', tunnels: 2 }
  assert.deepEqual(shown(all, [db]), ['3'])
  // One of them is of another program, and nothing tells which.
  assert.deepEqual(shown(all, [{ ...db, tunnels: 1 }]), ['1', '2', '3'])
  assert.deepEqual(shown(all, [{ ...db, gateway: 'https://other.corp' }]), ['1', '2', '3'])
  assert.deepEqual(shown(all, []), ['1', '2', '3'])
})
