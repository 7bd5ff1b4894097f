import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { createFakeClock } from '../fake-clock.ts'
import type { LogFields, Logger } from '../log.ts'
import { readOcspAnswer } from '../net/ocsp/answer.ts'
import { stapledCertificateOf, type StapledCertificate } from '../net/ocsp/must-staple.ts'
import {
  openOcspAuthority,
  startResponder,
  type Issued,
  type Responder,
} from '../net/ocsp/ocsp.fixture.ts'
import { lacksOpenssl, testFolder } from '../net/openssl.fixture.ts'
import { parseChain } from '../net/pem.ts'
import { fingerprintOf } from '../net/read-certificate.ts'
import { openSqliteStore } from '../store/sqlite.ts'
import type { Store } from '../store/store.ts'
import { createStaples, type Staples } from './staples.ts'

const minuteMs = 60_000
/** Of an answer of a fixture: an hour, of which the half is waited for. */
const halfMs = 30 * minuteMs

interface Line {
  readonly level: string
  readonly message: string
  readonly fields: LogFields
}

interface Rig {
  readonly staples: Staples
  readonly clock: ReturnType<typeof createFakeClock>
  readonly lines: readonly Line[]
  readonly revoked: readonly string[]
  /** Resolves once a line of this message was said so many times in all. */
  said(message: string, times?: number): Promise<Line>
}

describe('staples', { skip: lacksOpenssl }, async () => {
  const authority = await openOcspAuthority(testFolder({ after }))

  interface Case {
    readonly issued: Issued
    readonly certificate: StapledCertificate
    readonly fingerprint: string
    readonly responder: Responder
    readonly store: Store
  }

  async function open(t: TestContext, answers = true): Promise<Case & Rig> {
    const responder = await startResponder(t)
    const issued = await authority.issue('a.example.com', { responder: responder.url })
    if (answers) responder.respond((request) => authority.answer(request))
    const store = await openSqliteStore(':memory:')
    t.after(() => store.close())
    const certificate = stapledCertificateOf(parseChain(issued.cert) ?? [])
    assert.ok(certificate !== undefined && 'leaf' in certificate)
    const fingerprint = fingerprintOf(certificate.leaf)
    return { issued, certificate, fingerprint, responder, store, ...openRig(t, store) }
  }

  test('an answer is fetched once, handed out, and there after a restart without a responder', async (t) => {
    const rig = await open(t)
    const { staples, certificate, fingerprint, responder, store } = rig
    assert.equal(staples.find(fingerprint), undefined)
    await staples.prepare([certificate], minuteMs)
    const der = staples.find(fingerprint)
    assert.ok(der)
    assert.equal(readOcspAnswer(der, certificate, Date.now()).status, 'good')
    staples.follow([certificate])
    await rig.said('OCSP answer fetched')
    await staples.close()
    responder.respond(() => (response) => void response.writeHead(500).end())
    const again = openRig(t, store)
    // Nobody on the network is waited for.
    await again.staples.prepare([certificate], 0)
    assert.deepEqual(again.staples.find(fingerprint), der)
    again.staples.follow([certificate])
    assert.equal(responder.asked.length, 1)
    assert.equal(again.staples.states()[0]?.isLate, false)
  })

  test('it is asked for anew at half of its life, handed out meanwhile, and never after its end', async (t) => {
    const rig = await open(t)
    const { staples, certificate, fingerprint, responder, clock, said } = rig
    await staples.prepare([certificate], minuteMs)
    const first = staples.find(fingerprint)
    responder.respond(() => (response) => void response.writeHead(500).end())
    clock.advance(halfMs - 4 * minuteMs)
    assert.equal(responder.asked.length, 1)
    clock.advance(8 * minuteMs)
    const early = await said('OCSP answer not fetched')
    assert.equal(early.level, 'warn')
    assert.match(String(early.fields['error']), /HTTP 500/)
    assert.equal(responder.asked.length, 2)
    assert.deepEqual(staples.find(fingerprint), first)
    assert.equal(staples.states()[0]?.isLate, false)
    // In its last quarter somebody has to look; the same is said once, and then louder.
    for (let times = 3; times <= 6; times += 1) {
      await toNextTry(rig)
      await responder.wasAsked(times)
    }
    const late = await said('OCSP answer not fetched', 2)
    assert.equal(late.level, 'error')
    assert.equal(staples.states()[0]?.isLate, true)
    clock.advance(60 * minuteMs)
    assert.equal(staples.find(fingerprint), undefined)
  })

  test('one that fails at first is late, and asked for again after a minute', async (t) => {
    const rig = await open(t, false)
    const { staples, certificate, fingerprint, responder, said } = rig
    await staples.prepare([certificate], minuteMs)
    const { level, fields } = await said('OCSP answer not fetched')
    assert.deepEqual([level, staples.states()[0]?.isLate], ['error', true])
    assert.match(String(fields['hint']), /ask the certificate authority/)
    responder.respond((request) => authority.answer(request))
    await toNextTry(rig)
    await said('OCSP answer fetched')
    assert.ok(staples.find(fingerprint))
    assert.equal(staples.states()[0]?.isLate, false)
  })

  test('a revoked one is said aloud, handed out as it is, and an older answer not believed', async (t) => {
    const rig = await open(t)
    const { staples, issued, certificate, fingerprint, responder, clock, said } = rig
    await staples.prepare([certificate], minuteMs)
    const good = staples.find(fingerprint)
    assert.ok(good)
    authority.revoke(issued)
    await nextSecond()
    clock.advance(halfMs + 4 * minuteMs)
    const { level, fields } = await said('certificate revoked')
    assert.deepEqual([level, fields['since']], ['error', '2026-01-01T00:00:00.000Z'])
    assert.deepEqual(rig.revoked, [fingerprint])
    const der = staples.find(fingerprint)
    assert.ok(der)
    assert.equal(readOcspAnswer(der, certificate, Date.now()).status, 'revoked')
    const [state] = staples.states()
    assert.deepEqual([state?.isRevoked, state?.isLate], [true, true])
    // Somebody on the way plays the good one again.
    responder.respond(() => Promise.resolve(good))
    await toNextTry(rig)
    const refused = await said('OCSP answer not fetched')
    assert.match(String(refused.fields['error']), /older than the one before/)
    assert.deepEqual(staples.find(fingerprint), der)
  })

  test('what the responder does not know, or says of another, is not handed out', async (t) => {
    const rig = await open(t)
    const { staples, issued, certificate, fingerprint, responder, said } = rig
    authority.forget(issued)
    await staples.prepare([certificate], minuteMs)
    const unknown = await said('OCSP answer not fetched')
    assert.match(String(unknown.fields['error']), /does not know the certificate/)
    const stranger = await openOcspAuthority(testFolder(t))
    responder.respond((request) => authority.answer(request, stranger))
    await toNextTry(rig)
    const forged = await said('OCSP answer not fetched', 2)
    assert.match(String(forged.fields['error']), /issuer does not know/)
    assert.equal(staples.find(fingerprint), undefined)
  })

  test('what another gateway has kept is taken over, and nobody asked', async (t) => {
    const { staples, certificate, fingerprint, responder, store, clock } = await open(t)
    const other = openRig(t, store)
    await other.staples.prepare([certificate], minuteMs)
    await staples.prepare([certificate], minuteMs)
    assert.deepEqual(staples.find(fingerprint), other.staples.find(fingerprint))
    assert.equal(responder.asked.length, 1)
    // At half of its life one of them asks, and the other finds it.
    await nextSecond()
    const before = staples.find(fingerprint)
    other.clock.advance(halfMs + 4 * minuteMs)
    await responder.wasAsked(2)
    await tried(other.staples)
    clock.advance(halfMs + 4 * minuteMs)
    await tried(staples)
    assert.equal(responder.asked.length, 2)
    assert.notDeepEqual(staples.find(fingerprint), before)
    assert.deepEqual(staples.find(fingerprint), other.staples.find(fingerprint))
  })

  test('a kept one that was changed is not believed', async (t) => {
    const { staples, certificate, fingerprint, store } = await open(t)
    await staples.prepare([certificate], minuteMs)
    const record = await store.ocspAnswers.get(fingerprint)
    assert.ok(record)
    const bytes = Buffer.from(record.answer, 'base64')
    bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1
    const changed = { ...record, answer: bytes.toString('base64'), untilMs: Date.now() * 2 }
    await store.ocspAnswers.put(changed, Date.now())
    const again = openRig(t, store)
    await again.staples.prepare([certificate], 0)
    assert.equal(again.staples.find(fingerprint), undefined)
    assert.equal((await again.said('OCSP answer not read')).level, 'warn')
  })

  test('one that goes while its responder is asked gets no answer, and keeps nothing alive', async (t) => {
    const rig = await open(t)
    const { staples, issued, certificate, fingerprint, responder, clock } = rig
    authority.revoke(issued)
    const answering = Promise.withResolvers<void>()
    responder.respond(async (request) => {
      await answering.promise
      return authority.answer(request)
    })
    staples.follow([certificate])
    await responder.wasAsked(1)
    staples.follow([])
    assert.deepEqual(staples.states(), [])
    answering.resolve()
    // It is kept for whoever needs it.
    while ((await rig.store.ocspAnswers.get(fingerprint)) === undefined);
    await staples.close()
    assert.equal(staples.find(fingerprint), undefined)
    // Nor is anything said or done for it.
    assert.deepEqual([rig.lines, rig.revoked], [[], []])
    assert.equal(clock.pending, 0)
  })

  // A responder has ten seconds.
  test('closing waits for no responder', { timeout: 8_000 }, async (t) => {
    const { staples, certificate, responder, store, clock } = await open(t)
    responder.respond(() => () => undefined)
    staples.follow([certificate])
    await responder.wasAsked(1)
    await staples.close()
    const { mock } = t.mock.method(store.ocspAnswers, 'get')
    staples.follow([])
    staples.follow([certificate])
    await staples.prepare([certificate], minuteMs)
    assert.deepEqual([mock.callCount(), responder.asked.length], [0, 1])
    assert.equal(clock.pending, 0)
  })
})

/** Answers tell whole seconds: one that is made after this is newer than one from before it. */
async function nextSecond(): Promise<void> {
  const begun = Math.floor(Date.now() / 1_000)
  while (Math.floor(Date.now() / 1_000) === begun)
    await new Promise((resolve) => setImmediate(resolve))
}

/** Resolves once nothing is under way. */
async function tried(staples: Staples): Promise<void> {
  while (staples.states().some(({ nextTryAtMs }) => nextTryAtMs === undefined))
    await new Promise((resolve) => setImmediate(resolve))
}

/** Moves the time to when a responder is asked next. */
async function toNextTry({ staples, clock }: Pick<Rig, 'staples' | 'clock'>): Promise<void> {
  await tried(staples)
  const [state] = staples.states()
  clock.advance((state?.nextTryAtMs ?? clock.now()) - clock.now())
}

function openRig(t: TestContext, store: Store): Rig {
  // Answers are signed by the time of this machine.
  const clock = createFakeClock(Date.now())
  const lines: Line[] = []
  const looking = new Set<() => void>()
  const say =
    (level: string) =>
    (message: string, fields: LogFields = {}) => {
      lines.push({ level, message, fields })
      for (const look of looking) look()
    }
  const logger: Logger = {
    debug: say('debug'),
    info: say('info'),
    warn: say('warn'),
    error: say('error'),
  }
  const revoked: string[] = []
  const staples = createStaples({
    store: store.ocspAnswers,
    clock,
    logger,
    onRevoked: (fingerprint) => void revoked.push(fingerprint),
  })
  t.after(() => staples.close())
  return {
    staples,
    clock,
    lines,
    revoked,
    said: (message, times = 1) =>
      new Promise((resolve) => {
        const look = (): void => {
          const found = lines.filter((line) => line.message === message)[times - 1]
          if (found === undefined) return
          looking.delete(look)
          resolve(found)
        }
        looking.add(look)
        look()
      }),
  }
}
