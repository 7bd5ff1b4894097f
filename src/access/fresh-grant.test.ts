import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFakeClock } from '../fake-clock.ts'
import { createRouteTable } from '../routes/table.ts'
import { testCaller, testRoute, testSession } from './access.fixture.ts'
import type { Authorize } from './authorize.ts'
import { createFreshGrants, type FindSession } from './fresh-grant.ts'
import type { Grant } from './grant.ts'
import { createTestAuthorize } from './live-tunnels.fixture.ts'

const target = { protocol: 'tcp', host: 'db.example.com', port: 5432 } as const
const request = { requestId: 'r', target, authority: 'db.example.com:5432' }
const aliceOnly = { allow: { or: [{ email: 'alice@example.com' }] } }
const startMs = Date.parse('2026-11-30T12:00:00Z')
const alice = { ...testSession('alice', 'alice@example.com'), expiresAtMs: startMs + 60_000 }

/** A route, Alice's session, and what decides about both; everything can change. */
function createRig() {
  const clock = createFakeClock(startMs)
  const route = testRoute('tcp+https://db.example.com:5432', [5432], aliceOnly)
  const state = {
    routes: createRouteTable([route]),
    settings: 1,
    version: 1 as number | undefined,
    session: alice,
    /** How each decision was asked for, and which source knew the session. */
    asked: [] as Parameters<Authorize>[2][],
    found: [] as string[],
  }
  const authorize = createTestAuthorize(clock, () => state.settings)
  const finding =
    (name: string): FindSession =>
    () => {
      state.found.push(name)
      return Promise.resolve({ session: state.session, version: state.version ?? 0 })
    }
  const grants = createFreshGrants({
    clock,
    authorize(...args) {
      state.asked.push(args[2])
      return authorize(...args)
    },
    routes: () => state.routes,
    settingsRevision: () => state.settings,
    session: finding('the source'),
    sessionVersion: () => state.version,
  })
  const ask = (version = state.version): Grant =>
    authorize(request, testCaller(state.session, version), { route })
  return { clock, route, state, grants, finding, ask }
}

const asIs = (grant: Grant): Grant => grant

test('a grant of which nothing has moved is used as it is', async () => {
  const { grants, state, ask } = createRig()
  const grant = ask()
  assert.equal(await grants.withFresh(grant, asIs), grant)
  assert.deepEqual(state.asked, [])
})

test('one without an end is fresh at any time', async () => {
  const { grants, clock, ask } = createRig()
  const grant = { ...ask(), validUntilMs: undefined }
  clock.advance(1e12)
  assert.equal(await grants.withFresh(grant, asIs), grant)
})

test('one whose time is over is decided again, with the session as it is by now', async () => {
  const { grants, state, clock, ask, route } = createRig()
  const grant = ask()
  assert.equal(grant.validUntilMs, startMs + 60_000)
  clock.advance(59_999)
  assert.equal(await grants.withFresh(grant, asIs), grant)
  state.session = { ...alice, expiresAtMs: startMs + 120_000 }
  clock.advance(1)
  const fresh = await grants.withFresh(grant, asIs)
  assert.equal(fresh.validUntilMs, startMs + 120_000)
  // No sign-in is counted, and nobody is told twice.
  assert.deepEqual(state.asked, [{ route, isRecheck: true }])
})

test('one of a session without a version is not taken for a fresh one', async () => {
  const { grants, state, ask } = createRig()
  const grant = { ...ask(), caller: { ...testCaller(alice), sessionVersion: undefined } }
  state.version = undefined
  await assert.rejects(grants.withFresh(grant, asIs), { code: 'decision-unsettled' })
  assert.ok(state.asked.length > 0)
})

test('one of nobody needs no session, and none is looked for when it is decided again', async () => {
  const { clock, state, grants } = createRig()
  const open = testRoute('tcp+https://db.example.com:5432', [5432])
  state.routes = createRouteTable([open])
  const authorize = createTestAuthorize(clock, () => 1)
  const grant = authorize(request, testCaller(), { route: open })
  assert.equal(await grants.withFresh(grant, asIs), grant)
  state.settings = 2
  const fresh = await grants.withFresh(grant, asIs)
  assert.deepEqual([fresh.settingsRevision, fresh.caller.session], [2, undefined])
  assert.deepEqual(state.found, [])
})

test('one of a session that has ended is decided for nobody', async () => {
  const { grants, state, ask } = createRig()
  const grant = ask()
  state.version = 2
  const gone: FindSession = () => Promise.resolve(undefined)
  await assert.rejects(grants.withFresh(grant, asIs, gone), { code: 'sign-in-required' })
})

test('a session that changed is looked up by whoever asks, and then at the source', async () => {
  const { grants, state, ask, finding } = createRig()
  const grant = ask()
  state.version = 2
  await grants.withFresh(grant, asIs, finding('a memory'))
  assert.deepEqual(state.found, ['a memory'])
  state.found = []
  const old: FindSession = () => Promise.resolve({ session: alice, version: 1 })
  await grants.withFresh(grant, asIs, old)
  assert.deepEqual(state.found, ['the source'])
})

test('where no route leads to its target any more it is not found, and no port is named', async () => {
  const { grants, state, ask } = createRig()
  const grant = ask()
  state.routes = createRouteTable([testRoute('tcp+https://db.example.com:5433', [5433], aliceOnly)])
  await assert.rejects(grants.withFresh(grant, asIs), { code: 'route-not-found', otherPorts: [] })
})

test('what changes faster than it is decided is refused, and says what to do', async () => {
  const { grants, state, ask } = createRig()
  const grant = ask()
  const versions = (function* () {
    for (let version = 2; ; version += 1) yield version
  })()
  Object.defineProperty(state, 'settings', { get: () => versions.next().value })
  const refused = {
    code: 'decision-unsettled',
    message: 'sessions or routes keep changing, so no decision could be made',
    hint: 'try again in a moment',
  }
  await assert.rejects(grants.withFresh(grant, asIs), refused)
  assert.equal(state.asked.length, 20)
})
