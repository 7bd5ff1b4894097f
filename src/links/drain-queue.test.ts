import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFakeClock } from '../fake-clock.ts'
import type { Link } from './link.ts'
import { createLinks } from './register.ts'

test('the connections of a connector drain one after the other, each when the one before is back', () => {
  const { clock, drained, register, drain } = rig()
  const first = register('a', 0)
  register('a', 1)
  register('a', 2)
  drain()
  assert.deepEqual(drained, ['a0'])
  clock.advance(60_000)
  assert.deepEqual(drained, ['a0'], 'it is not back')
  first.leave()
  clock.advance(60_000)
  assert.deepEqual(drained, ['a0'], 'it has gone, and is not back')
  const notReady = register('a', 0, { isReady: false })
  clock.advance(60_000)
  assert.deepEqual(drained, ['a0'], 'it takes no streams')
  notReady.leave()
  register('a', 0)
  clock.advance(1_000)
  assert.deepEqual(drained, ['a0', 'a1'])
  // Beside the one before, which has streams: a connector of ours does not wait for these.
  register('a', 1)
  clock.advance(1_000)
  assert.deepEqual(drained, ['a0', 'a1', 'a2'])
  register('a', 2)
  clock.advance(1_000)
  assert.equal(clock.pending, 0)
})

test('connectors do not wait for each other, whatever id they say, and those of others are left alone', () => {
  const { clock, drained, register, drain } = rig()
  for (const [connector, tunnel] of [
    ['a', 'web'],
    ['b', 'web'],
    ['a', 'other'],
  ] as const) {
    register(connector, 0, { tunnelId: tunnel })
    register(connector, 1, { tunnelId: tunnel })
  }
  drain(({ tunnelId }) => tunnelId === 'web')
  assert.deepEqual(drained, ['a0', 'b0'])
  drain(({ tunnelId }) => tunnelId === 'other')
  assert.deepEqual(drained, ['a0', 'b0', 'a0'])
  register('a', 0, { tunnelId: 'other' })
  clock.advance(5_000)
  assert.deepEqual(drained, ['a0', 'b0', 'a0', 'a1'])
})

test('one that has gone meanwhile is passed over, and a connector that is gone is forgotten', () => {
  const { clock, drained, register, drain } = rig()
  const links = [0, 1, 2].map((index) => register('a', index))
  drain()
  drain()
  links[0]?.leave()
  links[1]?.leave()
  const back = register('a', 0)
  clock.advance(1_000)
  assert.deepEqual(drained, ['a0', 'a2'])
  links[2]?.leave()
  back.leave()
  clock.advance(1_000)
  assert.equal(clock.pending, 0)
  register('a', 0)
  drain()
  assert.deepEqual(drained, ['a0', 'a2', 'a0'])
})

function rig() {
  const clock = createFakeClock()
  const drained: string[] = []
  const namedTunnels = { find: () => undefined, byHostname: () => undefined }
  const links = createLinks({ namedTunnels, clock })
  return {
    clock,
    drained,
    drain: (fits: (link: Link) => boolean = () => true) => links.drain(fits),
    register(connectorId: string, connIndex: number, more: Partial<Link> = {}) {
      const tunnelId = 'web'
      const link = { id: '', tunnelId, connectorId, connIndex, isReady: true, ...more } as Link
      const drain = (): void => {
        drained.push(`${connectorId}${connIndex}`)
        Object.assign(link, { isReady: false })
      }
      const onRegister = links.add(Object.assign(link, { drain }))
      return { leave: () => onRegister[Symbol.dispose]() }
    },
  }
}
