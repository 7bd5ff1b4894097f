import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeOwnTunnels, maxOwnTunnels, ownTunnelsToJson, type OwnTunnel } from './own-tunnels.ts'

const one: OwnTunnel = {
  id: '4bf92f35-77b3-4da6',
  route: 'orders-db',
  target: 'db.corp:5432',
  ip: '192.0.2.7',
  openedAt: '2026-11-29T12:00:00.000Z',
  bytesUp: 5,
  bytesDown: 2 ** 40,
  until: undefined,
}
const encode = (value: object): string => JSON.stringify(value)

test('what is written is read again', () => {
  const limited = { ...one, until: '2026-11-29T13:00:00.000Z' }
  const all = { tunnels: [one, limited], open: 7, isTruncated: true }
  assert.deepEqual(decodeOwnTunnels(encode(ownTunnelsToJson(all))), all)
})

test('what a hostile gateway says moves no cursor, and is no more than an answer may be', () => {
  const evil = 'x\u001b[2J\u202e'
  const json = { id: evil, route: evil, target: evil, ip: evil, opened_at: one.openedAt }
  const tunnels = Array.from({ length: 2_000 }, () => ({ ...json, bytes_up: 1, bytes_down: 1 }))
  const read = decodeOwnTunnels(encode({ tunnels, open: -5, is_truncated: false }))
  assert.deepEqual(
    [read?.tunnels.length, read?.open, read?.isTruncated],
    [maxOwnTunnels, 2_000, true],
  )
  for (const { id, route, target, ip } of read?.tunnels ?? [])
    // oxlint-disable-next-line no-control-regex
    assert.doesNotMatch(id + route + target + ip, /[\u0000-\u001f\u202e]/)
})

test('anything else is no answer', () => {
  const wrong = { ...one, opened_at: one.openedAt, bytes_up: 1, bytes_down: 1 }
  for (const body of [
    '',
    '<html>',
    'null',
    '[]',
    '{}',
    encode({ tunnels: {} }),
    encode({ tunnels: [null] }),
    encode({ tunnels: [{ ...wrong, opened_at: 'soon' }] }),
    encode({ tunnels: [{ ...wrong, bytes_up: -1 }] }),
    encode({ tunnels: [{ ...wrong, bytes_down: '1' }] }),
  ])
    assert.equal(decodeOwnTunnels(body), undefined, body)
})
