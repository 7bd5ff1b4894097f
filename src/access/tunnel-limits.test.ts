import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AnySession } from '../identity/session.ts'
import { testCaller, testRoute, testSession } from './access.fixture.ts'
import type { Grant } from './grant.ts'
import { createTunnelLimits } from './tunnel-limits.ts'

const alice = testSession('alice', 'alice@example.com')
const named = testRoute('tcp+https://db.example.com:5432', [1], undefined, { name: 'db' })

/** Asks for one more where so many are open, of this route and of this person. */
function askWith(open: { ofRoute?: number; ofUser?: number }, maxTunnelsPerUser = 0) {
  const limits = createTunnelLimits(
    { maxTunnelsPerUser: () => maxTunnelsPerUser },
    {
      countOfRoute: (id) => (id === named.id ? (open.ofRoute ?? 0) : 0),
      countOfUser: (id) => (id === alice.userId ? (open.ofUser ?? 0) : 0),
    },
  )
  return (session?: AnySession, route = named) =>
    limits.checkRoom({ route, caller: { ...testCaller(), session } } as Grant)
}

test('without a limit there is always room', () => {
  askWith({ ofRoute: 1_000_000, ofUser: 1_000_000 })(alice)
})

test('a route has as many tunnels as it allows, whoever asks', () => {
  const route = { ...named, maxTunnels: 2 }
  askWith({ ofRoute: 1 })(alice, route)
  assert.throws(() => askWith({ ofRoute: 2 })(undefined, route), {
    code: 'too-many-tunnels',
    message: 'route "db" has 2 tunnels open, which is as many as it allows',
    hint: 'try again when somebody has closed one, or ask whoever runs this gateway for a higher "max_tunnels"',
  })
  const contact = { ...route, contact: 'dba@example.com', maxTunnels: 1 }
  assert.throws(() => askWith({ ofRoute: 1 })(alice, contact), {
    message: 'route "db" has 1 tunnel open, which is as many as it allows',
    hint: /ask dba@example\.com for a higher/,
  })
})

test('a person has as many tunnels as the gateway allows, and nobody is no person', () => {
  askWith({ ofUser: 2 }, 3)(alice)
  assert.throws(() => askWith({ ofUser: 3 }, 3)(alice), {
    code: 'too-many-tunnels',
    message: '"alice@example.com" has 3 tunnels open, which is as many as one person may have here',
    hint: 'close some, or ask whoever runs this gateway for a higher "max_tunnels_per_user"',
  })
  askWith({ ofUser: 3 }, 3)()
  askWith({ ofUser: 3 }, 3)(testSession('bob', 'bob@example.com'))
  const nameless = { ...alice, email: undefined }
  assert.throws(() => askWith({ ofUser: 1 }, 1)(nameless), {
    message: /^"user-alice" has 1 tunnel /,
  })
})
