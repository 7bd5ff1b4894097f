import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TunnelsEvent } from '../../src/console/wire/events.ts'
import { extentsOf } from '../../src/web/console/tunnels/extents.ts'
import { createTunnelBook } from '../../src/web/console/tunnels/tunnel-book.ts'
import { fits, type Tunnel } from '../../src/web/console/tunnels/tunnel.ts'

function tunnel(id: string, more: Partial<Tunnel> = {}): Tunnel {
  return {
    id,
    route: 'orders-db',
    route_id: 'r1',
    namespace: null,
    target: 'orders-db.example.com:5432',
    user: 'u1',
    email: 'ada@example.com',
    session_id: 's1',
    service_account_id: null,
    ip: '192.0.2.7',
    connector: null,
    upstream: '10.0.0.5:5432',
    opened_at: '2026-11-29T04:00:00Z',
    bytes_up: 0,
    bytes_down: 0,
    ...more,
  }
}

function event(more: Partial<TunnelsEvent>): TunnelsEvent {
  return { at: '2026-11-29T04:00:01Z', opened: [], closed: [], bytes: [], ...more }
}

function idsOf(book: ReturnType<typeof createTunnelBook>): string[] {
  return book.tunnels().map(({ id }) => id)
}

describe('what a page knows of open tunnels', () => {
  test('tunnels that are opened and closed come and go, and bytes are those of now', () => {
    const book = createTunnelBook()
    book.beginList()
    book.endList([tunnel('a'), tunnel('b')])
    book.apply(event({ opened: [tunnel('c')], closed: ['a'], bytes: [['b', 10, 20]] }))
    assert.deepEqual(idsOf(book), ['b', 'c'])
    assert.deepEqual(
      book.tunnels().map(({ bytes_up, bytes_down }) => [bytes_up, bytes_down]),
      [
        [10, 20],
        [0, 0],
      ],
    )
  })

  test('what is told while a list is on its way is newer than the list', () => {
    const book = createTunnelBook()
    book.beginList()
    book.apply(event({ opened: [tunnel('new')], bytes: [['b', 7, 7]] }))
    book.apply(event({ closed: ['a', 'brief'] }))
    book.endList([tunnel('a'), tunnel('b'), tunnel('brief')])
    assert.deepEqual(idsOf(book), ['b', 'new'])
    assert.equal(book.tunnels()[0]?.bytes_up, 7)
  })

  test('bytes of a tunnel that nobody has seen make none', () => {
    const book = createTunnelBook()
    book.apply(event({ bytes: [['gone', 1, 1]] }))
    assert.deepEqual(idsOf(book), [])
  })

  test('what was told before a list was asked for is not told of it again', () => {
    const book = createTunnelBook()
    book.apply(event({ opened: [tunnel('old')] }))
    book.beginList()
    book.endList([])
    assert.deepEqual(idsOf(book), [])
  })
})

test('a tunnel is found by every word of what is looked for, wherever each stands', () => {
  const one = tunnel('q1', { connector: { id: 'k', tunnel: 'lab' } })
  for (const wanted of ['ADA', 'orders 192.0.2', 'lab ada@', 'q1', '5432'])
    assert.ok(fits(one, wanted), wanted)
  assert.ok(!fits(one, 'ada build'))
})

test('of a tunnel without a session only it and its route can be ended', () => {
  const open = tunnel('a', { session_id: null, user: null, email: null })
  assert.deepEqual(
    extentsOf(open).map(({ extent }) => extent),
    ['one', 'route'],
  )
  assert.deepEqual(
    extentsOf(tunnel('a')).map(({ extent }) => extent),
    ['one', 'session', 'person', 'route'],
  )
})
