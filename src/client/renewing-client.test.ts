import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { test, type TestContext } from 'node:test'
import { AccessError } from '../errors.ts'
import { renewingClient, type RenewingOptions } from './renewing-client.ts'

const authority = 'db.example.com:5432'
const { signal } = new AbortController()
const nowMs = Date.parse('2026-11-29T12:00:00Z')

/** A token of a session of 8 hours that has so long to go, in seconds. */
function tokenFor(leftS: number, lengthS = 8 * 3600): string {
  const exp = nowMs / 1000 + leftS
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${encode({ alg: 'HS256' })}.${encode({ exp, iat: exp - lengthS })}.signature`
}

interface Rig {
  readonly steps: string[]
  readonly warnings: string[]
  readonly signInPath: string
  open(): Promise<void>
}

async function startRig(
  t: TestContext,
  token: string | undefined,
  renew: () => Promise<unknown> = () => Promise.resolve(),
  more: Partial<RenewingOptions> = {},
): Promise<Rig> {
  const directory = await mkdtemp(join(tmpdir(), 'postern-renewing-'))
  t.after(() => rm(directory, { recursive: true }))
  const signInPath = join(directory, 'sign-in')
  const [steps, warnings]: [string[], string[]] = [[], []]
  const inner = {
    open: () => (steps.push('open'), Promise.resolve(new PassThrough())),
    async renew() {
      steps.push('renew')
      await renew()
      steps.push('renewed')
      return { outcome: 'prolonged' as const, token: '', owner: nobody }
    },
    learnFate: () => Promise.resolve({}),
    leaveConnections: () => undefined,
    destroy: () => Promise.resolve(),
  }
  const client = renewingClient(inner, {
    cache: { read: () => Promise.resolve(token), signInPath },
    log: { warn: (message) => void warnings.push(message) },
    now: () => nowMs,
    ...more,
  })
  const open = async (): Promise<void> => void (await client.open(authority, signal))
  return { steps, warnings, signInPath, open }
}

const nobody = { userId: undefined, email: undefined, name: undefined, expiresAt: undefined }

test('a session that is about to end is renewed first, once, and it is said', async (t) => {
  const { steps, warnings, open } = await startRig(t, tokenFor(150))
  await open()
  await open()
  assert.deepEqual(steps, ['renew', 'renewed', 'open', 'open'])
  assert.deepEqual(warnings, ['the sign-in ends within 3 minutes, and is renewed first'])
})

test('nobody is asked while there is time, for a session that has ended, or where a token says no end', async (t) => {
  const tokens = [tokenFor(301), tokenFor(0), tokenFor(70, 240), 'aa.bb.cc', 'x', undefined]
  for (const token of tokens) {
    const { steps, open } = await startRig(t, token)
    await open()
    assert.deepEqual(steps, ['open'], String(token))
  }
  const { steps, open } = await startRig(t, tokenFor(60, 240))
  await open()
  assert.equal(steps[0], 'renew', 'the last quarter of a short session')
})

test('whoever is away is not waited for long, nor asked again', async (t) => {
  const { steps, open } = await startRig(t, tokenFor(60), () => new Promise(() => undefined), {
    patienceMs: 20,
  })
  await Promise.all([open(), open()])
  await open()
  assert.deepEqual(steps, ['renew', 'open', 'open', 'open'])
})

test('one whom another process has asked in vain is not asked again', async (t) => {
  // By the system's clock, by which a sign-in that was begun grows old.
  const endS = (Date.now() - nowMs) / 1000 + 60
  const options = { now: Date.now, patienceMs: 15_000 }
  for (const [ageMs, expected] of [
    [20_000, ['open']],
    [1_000, ['renew', 'renewed', 'open']],
  ] as const) {
    const { steps, signInPath, open } = await startRig(t, tokenFor(endS), undefined, options)
    const begun = { url: 'https://gate.example.com/sign-in', begunAtMs: Date.now() - ageMs }
    await writeFile(signInPath, JSON.stringify(begun))
    await open()
    assert.deepEqual(steps, expected)
  }
})

test('what goes wrong with it is said, and the tunnel opened', async (t) => {
  const away = new AccessError('sign-in-failed', 'the gateway is away')
  const failed = await startRig(t, tokenFor(60), () => Promise.reject(away))
  await failed.open()
  assert.deepEqual(
    [failed.steps, failed.warnings.at(-1)],
    [['renew', 'open'], 'the sign-in is not renewed: the gateway is away'],
  )
  const cancelled = new AccessError('sign-in-cancelled', 'given up')
  const over = await startRig(t, tokenFor(60), () => Promise.reject(cancelled))
  await over.open()
  assert.equal(over.warnings.length, 1)
})
