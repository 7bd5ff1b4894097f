import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { auditPage } from '../../src/console/wire/audit.ts'
import { route, startRig, type GatewayRig } from '../e2e/rig.ts'
import { inScope, type Scope } from '../e2e/scope.ts'
import { echo, startService } from '../e2e/services.ts'
import { peopleInAudit, seed } from './seed.ts'

const isLong = process.env['POSTERN_LONG_TESTS'] === '1'
/** What is promised for, and a form of it that suits every run. */
const amounts = isLong
  ? { routes: 1_000, sessions: 10_000, records: 100_000, tunnels: 2_000 }
  : { routes: 1_000, sessions: 2_000, records: 20_000, tunnels: 400 }
const target = 'echo.example.com:7'
const robot = 'robot'
/** Ten times what is promised where a test only waits: the machine may be busy. */
const allowance = isLong ? 1 : 10
const maxRatio = 3 * allowance
/** Of a search for a part of a text in the store, which looks at row after row: 3 and 8 on two cores. */
const maxSearchRatio = 15 * allowance
const searches = ['sessions?q=person-77', 'audit?q=person-77']
const maxEchoMs = 20 * allowance
const rounds = 15
const tunnelsPerConnection = 200

/** First pages of what there is much of. */
const lists = ['tunnels', 'tunnels?q=echo', 'sessions', 'routes', 'policies', 'audit', ...searches]

test('the console stays quick with months of use behind it', { timeout: 600_000 }, async (t) => {
  await inScope(
    async (scope) => {
      const { rig, token } = await startFull(scope)
      const api = session(scope, rig)
      await findAllRecords(api, token)
      for (const kind of ['routes', 'sessions', 'tunnels'] as const)
        assert.ok((await totalOf(api, kind, token)) >= amounts[kind], `too few ${kind} to judge by`)
      const neighbour = await openTunnel(api, token)
      const talking = new AbortController()
      const echoes = talk(neighbour, talking.signal)
      const empty: number[] = []
      const took = new Map<string, number[]>(lists.map((path) => [path, []]))
      for (let round = 0; round < rounds; round += 1) {
        empty.push(await timed(() => get(api, 'requests', token)))
        for (const path of lists) took.get(path)?.push(await timed(() => get(api, path, token)))
      }
      talking.abort()
      const figures = lists.map((path) => `${path} ${median(took.get(path) ?? []).toFixed(1)} ms`)
      const delays = await echoes
      const p99 = percentile(delays, 0.99)
      t.diagnostic(
        `empty ${median(empty).toFixed(1)} ms; ${figures.join('; ')}; echo p99 ${p99.toFixed(1)} ms of ${delays.length}`,
      )
      for (const path of lists) {
        const ratio = median(took.get(path) ?? []) / median(empty)
        const most = searches.includes(path) ? maxSearchRatio : maxRatio
        assert.ok(ratio <= most, `${path} took ${ratio.toFixed(1)} times an empty list`)
      }
      assert.ok(p99 <= maxEchoMs, `a neighbour waited ${p99} ms for an echo`)
    },
    (line) => t.diagnostic(line),
  )
})

/** How many there are, as the list says. */
async function totalOf(api: ClientHttp2Session, kind: string, token: string): Promise<number> {
  return (JSON.parse(await get(api, `${kind}?limit=1`, token)) as { total: number }).total
}

/** Looks until a search finds what was kept before the start as well; what of it is not read yet takes its time. */
async function findAllRecords(api: ClientHttp2Session, token: string): Promise<void> {
  for (;;) {
    const page = auditPage.parse(JSON.parse(await get(api, 'audit?q=person-77&limit=500', token)))
    if (!page.is_complete) continue
    assert.equal(page.items.length, amounts.records / peopleInAudit)
    assert.ok(page.items.every(({ who }) => who === 'person-77@example.com'))
    return
  }
}

/** A gateway with all of it, and the token of somebody who may see it. */
async function startFull(scope: Scope): Promise<{ rig: GatewayRig; token: string }> {
  const service = await startService(scope, echo)
  const allowed = {
    ...route(target, service),
    policy: [{ allow: { or: [{ user: { is: robot } }] } }],
  }
  const rig = await startRig(scope, [allowed], {
    administrators: { auditor: [robot] },
    max_tunnels_per_user: 0,
  })
  await rig.stop()
  await seed(rig, amounts)
  await rig.start()
  const made = await rig.postern('service-account', 'create', robot, '-c', rig.configPath)
  assert.equal(made.ending, 0, made.errors)
  const token = made.output.trim()
  for (let at = 0; at < amounts.tunnels; at += tunnelsPerConnection) {
    const connection = session(scope, rig)
    const count = Math.min(tunnelsPerConnection, amounts.tunnels - at)
    await openTunnel(connection, token)
    // Whoever is known may have more at once than a stranger.
    while ((connection.remoteSettings.maxConcurrentStreams ?? 0) < tunnelsPerConnection)
      await once(connection, 'remoteSettings')
    await Promise.all(Array.from({ length: count - 1 }, () => openTunnel(connection, token)))
  }
  return { rig, token }
}

function session(scope: Scope, rig: GatewayRig): ClientHttp2Session {
  const opened = connect(rig.origin, { ca: rig.ca })
  opened.on('error', () => undefined)
  scope.defer(() => opened.destroy())
  return opened
}

function openTunnel(at: ClientHttp2Session, token: string): Promise<ClientHttp2Stream> {
  const headers = { ':method': 'CONNECT', ':authority': target, authorization: `Pomerium ${token}` }
  const stream = at.request(headers, { endStream: false })
  return new Promise((resolve, reject) => {
    stream.once('error', reject)
    stream.once('response', ({ ':status': status }) =>
      status === 200 ? resolve(stream) : reject(new Error(`a tunnel was answered ${status}`)),
    )
  })
}

/** One small message after the other; how long each took to come back, in milliseconds. */
async function talk(stream: ClientHttp2Stream, ending: AbortSignal): Promise<number[]> {
  const delays: number[] = []
  while (!ending.aborted) {
    const beganMs = performance.now()
    const answered = new Promise<void>((resolve) => stream.once('data', () => resolve()))
    stream.write('x')
    await answered
    delays.push(performance.now() - beganMs)
    await wait(2)
  }
  return delays
}

async function get(at: ClientHttp2Session, path: string, token: string): Promise<string> {
  const stream = at.request({ ':path': `/api/v1/${path}`, authorization: `Pomerium ${token}` })
  const status = new Promise((resolve) => {
    stream.once('response', (headers) => resolve(headers[':status']))
  })
  let body = ''
  stream.setEncoding('utf8')
  for await (const piece of stream) body += String(piece)
  assert.equal(await status, 200, `${path}: ${body}`)
  return body
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const beganMs = performance.now()
  await work()
  return performance.now() - beganMs
}

function median(values: readonly number[]): number {
  return percentile(values, 0.5)
}

function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
}
