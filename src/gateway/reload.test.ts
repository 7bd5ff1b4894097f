import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { createDirectory } from '../access/directory.ts'
import type { LiveTunnel } from '../access/live-tunnels.ts'
import type { GatewayConfig } from '../config/config.ts'
import type { Route } from '../routes/route.ts'
import { createCertificateAuthority } from '../net/certificate.ts'
import {
  collectLines,
  connectHead,
  exchangeHttp1,
  startTestGateway,
  testCa,
  testCaller,
  testCertificate,
  testConfig,
  testRoute,
  testSession,
} from './gateway.fixture.ts'
import { startGateway } from './start.ts'

const port = 7
const alice = testSession('s1', 'alice@example.com')
const dba = createDirectory([{ member: 'alice@example.com', group: 'dba' }])
const nobody = createDirectory([])

test('a reload that changes no route and nothing beside them decides no tunnel again', async () => {
  await using rig = await startRig({ directory: dba })
  using tunnel = await rig.open()
  assert.equal(
    await rig.decisionsOf({ directory: dba, timeoutWriteMs: 60_000, logLevel: 'warn' }),
    0,
  )
  assert.equal(tunnel.ended, undefined)
})

test('another directory decides every tunnel again', async () => {
  await using rig = await startRig({ directory: dba })
  using tunnel = await rig.open()
  assert.equal(await rig.decisionsOf({ directory: nobody }), 1)
  assert.equal(tunnel.ended, 'policy-changed')
})

test('a directory that changes while a tunnel is opened is looked at before it is there', async () => {
  await using rig = await startRig({ directory: dba })
  const opening = rig.open(() => rig.decisionsOf({ directory: nobody }))
  await assert.rejects(
    opening.then((tunnel) => tunnel[Symbol.dispose]()),
    { code: 'policy-denied' },
  )
})

test('other trust in client certificates decides every tunnel again', async () => {
  await using rig = await startRig({ directory: dba })
  using tunnel = await rig.open()
  const downstreamMtls: GatewayConfig['downstreamMtls'] = {
    ca: testCa,
    revocationLists: undefined,
    enforcement: 'policy',
    matchSubjectAltNames: [],
    maxVerifyDepth: 1,
  }
  assert.equal(await rig.decisionsOf({ directory: dba, downstreamMtls }), 1)
  assert.equal(await rig.decisionsOf({ directory: dba, downstreamMtls }), 0)
  assert.equal(await rig.decisionsOf({ directory: dba, downstreamMtls: undefined }), 1)
  assert.equal(tunnel.ended, undefined)
})

test('a certificate that OpenSSL refuses leaves all of the old configuration', async (t) => {
  const { gateway, config, said, status } = await startWhole(t)
  const other = await (await createCertificateAuthority()).issue(['localhost'])
  const mismatch = { cert: testCertificate.cert, key: other.key }
  const refused = gateway.reload({ ...config, logLevel: 'error', certificates: [mismatch] })
  await assert.rejects(refused, /mismatch/i)
  gateway.logger.info('still said')
  assert.ok(said().includes('still said'))
  assert.equal(await status(), '503')
})

test('a reload takes nothing over before it can take over all', async (t) => {
  const { gateway, config, said, status } = await startWhole(t)
  const reloading = gateway.reload({ ...config, logLevel: 'error', routes: [] })
  gateway.logger.info('said while it is prepared')
  assert.ok(said().includes('said while it is prepared'))
  await reloading
  gateway.logger.info('said no longer')
  assert.ok(!said().includes('said no longer'))
  assert.equal(await status(), '404')
})

/** A gateway with its store and its port, and with one route to a service that is away. */
async function startWhole(t: TestContext) {
  const stateDirectory = await mkdtemp(join(tmpdir(), 'reload-'))
  const policy = { allow: { or: [{ accept: true }] } }
  const route = testRoute('tcp+https://db.example.com:1', [1], policy)
  const config = { ...testConfig([route]), stateDirectory }
  const { sink, lines } = collectLines()
  const gateway = await startGateway(config, { logSink: sink })
  t.after(async () => {
    await gateway.close(0)
    await rm(stateDirectory, { recursive: true })
  })
  return {
    gateway,
    config,
    said: () => lines.map(({ message }) => message),
    status: async () =>
      (await exchangeHttp1(gateway.address.port, connectHead('db.example.com:1'))).slice(9, 12),
  }
}

interface Rig extends AsyncDisposable {
  open(meanwhile?: () => Promise<unknown>): Promise<LiveTunnel>
  /** How often a policy is asked while a configuration with these changes is taken over. */
  decisionsOf(changes: Partial<GatewayConfig>): Promise<number>
}

/** A gateway with one route, for the group `dba`, and with Alice, who is signed in. */
async function startRig(overrides: Partial<GatewayConfig>): Promise<Rig> {
  let decisions = 0
  const route = counted(() => (decisions += 1))
  const gateway = await startTestGateway([route], overrides)
  gateway.sessions.set(alice.id, alice)
  const target = { protocol: 'tcp', host: 'db.example.com', port: 5432 } as const
  const request = { requestId: 'r', target, authority: 'db.example.com:5432' }
  return {
    async open(meanwhile) {
      const caller = testCaller(alice)
      const { authorize, matchRoute, liveTunnels } = gateway.parts
      const grant = authorize(request, caller, { route: matchRoute(target, caller) })
      await meanwhile?.()
      return liveTunnels.add(grant, { isReachedBy: () => true })
    },
    async decisionsOf(changes) {
      const before = decisions
      await gateway.reload([route], changes)
      return decisions - before
    },
    [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose](),
  }
}

function counted(onDecision: () => void): Route {
  const policy = { allow: { or: [{ groups: { has: 'dba' } }] } }
  const route = testRoute('tcp+https://db.example.com:5432', [port], policy)
  const { evaluate } = route.policy
  return {
    ...route,
    policy: {
      ...route.policy,
      evaluate(facts) {
        onDecision()
        return evaluate(facts)
      },
    },
  }
}
