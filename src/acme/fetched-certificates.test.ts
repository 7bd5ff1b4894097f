import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { createFakeClock } from '../fake-clock.ts'
import type { LogFields, Logger } from '../log.ts'
import { createCertificateAuthority } from '../net/certificate.ts'
import { fingerprintOf } from '../net/read-certificate.ts'
import type { Certificate } from '../port/tls-contexts.ts'
import { openSqliteStore } from '../store/sqlite.ts'
import type { Store } from '../store/store.ts'
import { FetchError, type Authority, type WantedCertificate } from './authority.ts'
import {
  challengeId,
  challengeLifeMs,
  createChallenges,
  type OpenChallenges,
} from './challenges.ts'
import { openFetchedCertificates, type FetchedCertificates } from './fetched-certificates.ts'

const dayMs = 86_400_000
const ca = await createCertificateAuthority()
const startMs = Date.UTC(2026, 0, 1)
const one: WantedCertificate = { name: 'db.example.com', zone: undefined }

/** A certificate of 90 days that begins `afterDays` from the start. */
function issue(name: string, afterDays = 0): Promise<Certificate> {
  const notBefore = new Date(startMs + afterDays * dayMs)
  return ca.issue([name], { notBefore, notAfter: new Date(notBefore.getTime() + 90 * dayMs) })
}

/** A question to the authority, which a test answers. */
interface Asked {
  readonly wanted: WantedCertificate
  answer(certificate: Certificate): void
  fail(error: unknown): void
}

interface Rig {
  readonly fetched: FetchedCertificates
  readonly challenges: OpenChallenges
  readonly clock: ReturnType<typeof createFakeClock>
  readonly said: { level: string; message: string; fields: LogFields | undefined }[]
  /** Resolves to the next question. */
  asked(): Promise<Asked>
  /** Resolves after the next line of the log. */
  line(): Promise<Rig['said'][number]>
}

async function openRig(
  t: TestContext,
  store: Store,
  isAsAsked: (leaf: X509Certificate) => boolean = () => true,
): Promise<Rig> {
  const clock = createFakeClock(startMs)
  const questions = queue<Asked>()
  const lines = queue<Rig['said'][number]>()
  const said: Rig['said'] = []
  const say = (level: string) => (message: string, fields?: LogFields) => {
    said.push({ level, message, fields })
    lines.put({ level, message, fields })
  }
  const logger: Logger = {
    debug: say('debug'),
    info: say('info'),
    warn: say('warn'),
    error: say('error'),
  }
  const authority: Authority = {
    fetch: (wanted, signal) =>
      new Promise((answer, fail) => {
        signal.addEventListener('abort', () => fail(signal.reason as Error))
        questions.put({ wanted, answer, fail })
      }),
  }
  const challenges = createChallenges(clock)
  const fetched = await openFetchedCertificates({
    store,
    authority,
    challenges,
    clock,
    logger,
    isAsAsked,
  })
  t.after(() => fetched.close())
  return { fetched, challenges, clock, said, asked: questions.take, line: lines.take }
}

function queue<T>(): { put(item: T): void; take(): Promise<T> } {
  const items: T[] = []
  const waiting: ((item: T) => void)[] = []
  return {
    put(item) {
      const next = waiting.shift()
      if (next === undefined) items.push(item)
      else next(item)
    },
    take() {
      const item = items.shift()
      return item === undefined
        ? new Promise((resolve) => waiting.push(resolve))
        : Promise.resolve(item)
    },
  }
}

async function openStore(t: TestContext): Promise<Store> {
  const store = await openSqliteStore(':memory:')
  t.after(() => store.close())
  return store
}

test('what is wanted is fetched, kept, and there at the next start', async (t) => {
  const store = await openStore(t)
  const first = await openRig(t, store)
  const changed = new Promise<void>((resolve) => first.fetched.onChanged(resolve))
  first.fetched.want([one])
  const certificate = await issue(one.name)
  ;(await first.asked()).answer(certificate)
  await changed
  await first.line()
  assert.deepEqual(
    first.fetched.certificates().map(({ cert }) => cert),
    [certificate.cert],
  )
  await first.fetched.close()
  const second = await openRig(t, store)
  second.fetched.want([one])
  assert.deepEqual(second.fetched.certificates(), [certificate])
  const [state] = second.fetched.states()
  assert.equal(state?.isBeingFetched, false)
  assert.equal(state.nextTryAtMs, startMs + 54 * dayMs)
})

test('what a gateway that crashed has left to be shown is shown for the rest of its life alone', async (t) => {
  const store = await openStore(t)
  const { cert: text, key: privateKey } = await issue(one.name)
  const leave = (name: string, ageMs: number) =>
    store.acme.put({
      kind: 'challenge',
      name: challengeId('tls-alpn-01', name),
      text,
      privateKey,
      changedAtMs: startMs - ageMs,
    })
  await leave('young.example.com', challengeLifeMs - 60_000)
  await leave('old.example.com', challengeLifeMs + 1)
  const { challenges, clock } = await openRig(t, store)
  assert.ok(challenges.certificateFor('young.example.com'))
  assert.equal(challenges.certificateFor('old.example.com'), undefined)
  clock.advance(60_000)
  assert.equal(challenges.isEmpty, true)
  assert.deepEqual(
    (await store.acme.list()).map(({ name }) => name),
    [challengeId('tls-alpn-01', 'young.example.com')],
  )
})

test('a renewal that fails is a warning, and an error from a third of the life on', async (t) => {
  const store = await openStore(t)
  const { cert: text, key: privateKey } = await issue(one.name)
  await store.acme.put({ kind: 'certificate', name: one.name, text, privateKey, changedAtMs: 0 })
  const { fetched, clock, asked, line } = await openRig(t, store)
  fetched.want([one])
  clock.advance(54 * dayMs)
  const noLuck = new Error('no such luck')
  ;(await asked()).fail(new FetchError(noLuck, { retryAfterMs: 6 * dayMs }))
  const early = await line()
  assert.deepEqual([early.level, early.message], ['warn', 'certificate not renewed'])
  assert.equal(fetched.states()[0]?.isLate, false)
  clock.advance(6 * dayMs)
  const again = await asked()
  again.fail(noLuck)
  const late = await line()
  assert.deepEqual([late.level, late.fields?.['error']], ['error', 'no such luck'])
  assert.equal(fetched.states()[0]?.isLate, true)
  // The one that still holds is served meanwhile.
  assert.deepEqual(fetched.certificates(), [{ cert: text, key: privateKey }])
  clock.advance(300_000)
  const renewed = await issue(one.name, 61)
  ;(await asked()).answer(renewed)
  const told = await line()
  assert.deepEqual([told.level, told.message], ['info', 'certificate renewed'])
  assert.deepEqual(fetched.certificates(), [renewed])
  assert.equal(fetched.states()[0]?.isLate, false)
})

test('an authority that says when is not asked before', async (t) => {
  const { fetched, clock, asked, line } = await openRig(t, await openStore(t))
  fetched.want([one])
  ;(await asked()).fail(new FetchError(new Error('too many'), { retryAfterMs: 7_200_000 }))
  await line()
  assert.equal(fetched.states()[0]?.nextTryAtMs, startMs + 7_200_000)
  clock.advance(7_200_000)
  assert.equal((await asked()).wanted, one)
})

test('a name that does not resolve is tried, and alarms nobody', async (t) => {
  const { fetched, asked, line } = await openRig(t, await openStore(t))
  fetched.want([one])
  ;(await asked()).fail(new FetchError(new Error('no address'), { unresolved: one.name }))
  const { level, fields } = await line()
  assert.equal(level, 'warn')
  assert.match(String(fields?.['hint']), /"db.example.com" does not resolve here/)
  assert.equal(fetched.states()[0]?.isLate, false)
})

test('of two gateways on one store one fetches, and both have it', async (t) => {
  const store = await openStore(t)
  const [first, second] = [await openRig(t, store), await openRig(t, store)]
  first.fetched.want([one])
  const question = await first.asked()
  const isWaiting = new Promise<void>((resolve) => {
    const { take } = store.leases
    t.mock.method(store.leases, 'take', async (...args: Parameters<typeof take>) => {
      const isTaken = await take(...args)
      resolve()
      return isTaken
    })
  })
  second.fetched.want([one])
  await isWaiting
  const both = [first, second].map(
    ({ fetched }) => new Promise<void>((resolve) => fetched.onChanged(resolve)),
  )
  const certificate = await issue(one.name)
  question.answer(certificate)
  await Promise.all(both)
  assert.deepEqual(second.fetched.certificates(), [certificate])
  second.clock.advance(60_000)
  assert.equal(second.fetched.states()[0]?.nextTryAtMs, startMs + 54 * dayMs)
})

test('only so many are fetched at once, and closing waits for nobody', async (t) => {
  const { fetched, asked } = await openRig(t, await openStore(t))
  const names = ['a', 'b', 'c', 'd', 'e'].map((host) => `${host}.example.com`)
  fetched.want(names.map((name) => ({ name, zone: undefined })))
  const first = [await asked(), await asked(), await asked()]
  assert.deepEqual(
    first.map(({ wanted }) => wanted.name),
    names.slice(0, 3),
  )
  assert.equal(fetched.states().filter(({ isBeingFetched }) => isBeingFetched).length, 3)
  first[0]?.answer(await issue('a.example.com'))
  assert.equal((await asked()).wanted.name, 'd.example.com')
  await fetched.close()
})

test('one that is not as asked for is fetched anew at once, and served until then', async (t) => {
  const store = await openStore(t)
  const { cert: text, key: privateKey } = await issue(one.name)
  await store.acme.put({ kind: 'certificate', name: one.name, text, privateKey, changedAtMs: 0 })
  const { raw } = new X509Certificate(text)
  const { fetched, asked, line } = await openRig(t, store, (leaf) => !leaf.raw.equals(raw))
  fetched.want([one])
  const question = await asked()
  assert.deepEqual(fetched.certificates(), [{ cert: text, key: privateKey }])
  const next = await issue(one.name)
  question.answer(next)
  assert.equal((await line()).message, 'certificate renewed')
  assert.deepEqual(fetched.certificates(), [next])
  assert.equal(fetched.states()[0]?.nextTryAtMs, startMs + 54 * dayMs)
})

test('an authority that always gives another than was asked for is not asked in a loop', async (t) => {
  const { fetched, asked, line } = await openRig(t, await openStore(t), () => false)
  fetched.want([one])
  ;(await asked()).answer(await issue(one.name))
  await line()
  assert.equal(fetched.states()[0]?.nextTryAtMs, startMs + 45 * dayMs)
})

test('one that is revoked is fetched anew at once, and somebody told until it is', async (t) => {
  const { fetched, clock, asked, line } = await openRig(t, await openStore(t))
  fetched.want([one])
  const first = await issue(one.name)
  ;(await asked()).answer(first)
  await line()
  fetched.revoked('ab'.repeat(32))
  assert.equal(fetched.states()[0]?.isBeingFetched, false)
  const fingerprint = fingerprintOf(new X509Certificate(first.cert))
  fetched.revoked(fingerprint)
  ;(await asked()).fail(new Error('no such luck'))
  assert.deepEqual([(await line()).level, fetched.states()[0]?.isLate], ['error', true])
  // It is said again, and the authority not asked for that.
  fetched.revoked(fingerprint)
  assert.equal(fetched.states()[0]?.nextTryAtMs, startMs + 60_000)
  clock.advance(60_000)
  const next = await issue(one.name)
  ;(await asked()).answer(next)
  await line()
  assert.deepEqual(fetched.certificates(), [next])
  assert.equal(fetched.states()[0]?.isLate, false)
})

test('one whose successor is revoked as well is not fetched over and over', async (t) => {
  const { fetched, clock, asked, line } = await openRig(t, await openStore(t))
  const fetchOne = async () => {
    const given = await issue(one.name)
    ;(await asked()).answer(given)
    await line()
    return fingerprintOf(new X509Certificate(given.cert))
  }
  fetched.want([one])
  fetched.revoked(await fetchOne())
  const second = await fetchOne()
  fetched.revoked(second)
  const { level, message, fields } = await line()
  assert.deepEqual([level, message, fields?.['revoked']], ['error', 'certificate revoked again', 2])
  const hourMs = 3_600_000
  assert.equal(fetched.states()[0]?.nextTryAtMs, startMs + hourMs)
  // It is said again, and neither counted nor waited for anew.
  clock.advance(hourMs / 2)
  fetched.revoked(second)
  assert.equal(fetched.states()[0]?.nextTryAtMs, startMs + hourMs)
  clock.advance(hourMs / 2)
  await fetchOne()
})

test('what is wanted no more is served no more', async (t) => {
  const { fetched, asked, line } = await openRig(t, await openStore(t))
  fetched.want([one])
  ;(await asked()).answer(await issue(one.name))
  await line()
  const changed = new Promise<void>((resolve) => fetched.onChanged(resolve))
  fetched.want([])
  await changed
  assert.deepEqual(fetched.certificates(), [])
  assert.deepEqual(fetched.states(), [])
})

test('a name that goes and comes while it is fetched is asked for once', async (t) => {
  const { fetched, asked, line } = await openRig(t, await openStore(t))
  fetched.want([one])
  const first = await asked()
  fetched.want([])
  const other = { name: 'other.example.com', zone: undefined }
  fetched.want([one, other])
  assert.equal((await asked()).wanted, other)
  first.answer(await issue(one.name))
  await line()
  assert.equal(fetched.certificates().length, 1)
})

test('a try that takes too long is given up while its name is still its own', async (t) => {
  const store = await openStore(t)
  const { fetched, clock, asked, line } = await openRig(t, store)
  fetched.want([one])
  await asked()
  clock.advance(840_000)
  const { message, fields } = await line()
  assert.deepEqual([message, fields?.['error']], ['certificate not fetched', 'it took too long'])
  const other = { name: `acme/${one.name}`, holder: 'another', untilMs: clock.now() + 1 }
  assert.equal(await store.leases.take(other, clock.now()), true)
})

test('one that is due as it comes is not asked for again at once', async (t) => {
  const { fetched, asked, line } = await openRig(t, await openStore(t))
  fetched.want([one])
  ;(await asked()).answer(await issue(one.name, -80))
  await line()
  assert.equal(fetched.states()[0]?.nextTryAtMs, startMs + 5 * dayMs)
})
