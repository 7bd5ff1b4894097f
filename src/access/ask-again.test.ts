import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { describe, test } from 'node:test'
import { createFakeClock } from '../fake-clock.ts'
import type { Decision } from '../policy/decision.ts'
import { testCaller, testRoute, testServiceAccount, testSession } from './access.fixture.ts'
import { createAskAgain, type AskableIdentity } from './ask-again.ts'
import type { Caller } from './caller.ts'

const old = { ...testSession('s', 'bob@example.com'), refreshedAtMs: 0 }
const target = { protocol: 'tcp', host: 'echo.example.com', port: 7 } as const

/** A refusal, by one reason of the side that says no. */
function refusal(reason: string, side: 'allow' | 'deny' = 'allow'): Decision {
  const nothing = { value: false, reasons: [] }
  const decisive = { value: side === 'deny', reasons: [reason] }
  const plain = { outcome: 'deny', allow: nothing, deny: nothing, validUntilMs: undefined } as const
  return { ...plain, [side]: decisive }
}

const inNoGroup = refusal('groups-unauthorized')

interface RigOptions extends Partial<AskableIdentity> {
  /** Undefined where there is no route to decide about. */
  readonly decision?: Decision | undefined
  readonly nowMs?: number
}

function createRig({ nowMs = 100_000, ...options }: RigOptions = {}) {
  const clock = createFakeClock(nowMs)
  const asked: string[] = []
  const decision = 'decision' in options ? options.decision : inNoGroup
  const route = decision && testRoute('tcp+https://echo.example.com:7', [1])
  const gone = new AbortController()
  const askAgain = createAskAgain({
    clock,
    identity: {
      askProvider: async (session) => {
        asked.push(session.id)
        return (await options.askProvider?.(session)) ?? true
      },
      session: options.session ?? (() => Promise.resolve({ session: newer, version: 2 })),
    },
    decide: { foreseen: () => decision ?? assert.fail('there is nothing to decide') },
    matchRoute: () => route,
  })
  return {
    clock,
    asked,
    gone,
    ask: (caller: Caller) => askAgain(caller, target, gone.signal),
  }
}

const newer = { ...old, groups: ['dba'], refreshedAtMs: 100_000 }
const never = (): Promise<never> => new Promise(() => undefined)

describe('whoever is refused by what their provider said a while ago', () => {
  test('is as the provider knows them now', async () => {
    const { ask, asked, clock, gone } = createRig()
    const caller = testCaller(old)
    const now = await ask(caller)
    assert.deepEqual(now, { client: caller.client, session: newer, sessionVersion: 2 })
    assert.deepEqual(asked, ['s'])
    assert.equal(clock.pending, 0, 'nothing waits any more')
    assert.equal(getEventListeners(gone.signal, 'abort').length, 0)
  })

  test('is nobody once the provider no longer stands by them', async () => {
    const { ask } = createRig({ session: () => Promise.resolve(undefined) })
    const { session, sessionVersion } = await ask(testCaller(old))
    assert.deepEqual([session, sessionVersion], [undefined, undefined])
  })

  test('is not asked about what the provider has said just now', async () => {
    const { ask, asked } = createRig()
    const caller = testCaller({ ...old, refreshedAtMs: 99_999 })
    assert.equal(await ask(caller), caller)
    assert.deepEqual(asked, [])
  })

  test('is asked about where one of several reasons is a word of the provider', async () => {
    const { allow, ...rest } = inNoGroup
    const reasons = ['time-unauthorized', ...allow.reasons]
    const { ask, asked } = createRig({ decision: { ...rest, allow: { ...allow, reasons } } })
    await ask(testCaller(old))
    assert.deepEqual(asked, ['s'])
  })

  test('stays as they are when the provider was not asked', async () => {
    const session = (): never => assert.fail('looked up')
    const { ask } = createRig({ askProvider: () => Promise.resolve(false), session })
    const caller = testCaller(old)
    assert.equal(await ask(caller), caller)
  })

  test('waits five seconds for an answer, and no longer', async () => {
    const { ask, clock } = createRig({ askProvider: never })
    const caller = testCaller(old)
    let came: Caller | undefined
    const late = ask(caller).then((it) => (came = it))
    clock.advance(4_999)
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(came, undefined)
    clock.advance(1)
    assert.equal(await late, caller)
  })

  test('is not waited for once they have gone, before or meanwhile', async () => {
    const { ask, gone } = createRig({ askProvider: never })
    const caller = testCaller(old)
    const answer = ask(caller)
    gone.abort()
    assert.equal(await answer, caller)
    assert.equal(await ask(caller), caller)
  })

  test('hears of a question that fails', async () => {
    const failing = Promise.reject(new Error('no answer'))
    await assert.rejects(
      createRig({ askProvider: () => failing }).ask(testCaller(old)),
      /no answer/,
    )
  })

  test('is asked about by every word of the provider, on the side that says no', async () => {
    for (const reason of [
      'claim-ok',
      'claim-unauthorized',
      'domain-ok',
      'domain-unauthorized',
      'email-ok',
      'email-unauthorized',
      'email-unverified',
      'groups-ok',
      'groups-unauthorized',
    ])
      for (const side of ['allow', 'deny'] as const) {
        const { ask, asked } = createRig({ decision: refusal(reason, side) })
        await ask(testCaller(old))
        assert.deepEqual(asked, ['s'], `${side}: ${reason}`)
      }
  })
})

describe('nobody is asked about', () => {
  async function isLeft(caller: Caller, options: RigOptions = {}): Promise<void> {
    const { ask, asked } = createRig(options)
    assert.equal(await ask(caller), caller)
    assert.deepEqual(asked, [])
  }

  test('a refusal that no claim could turn', async () => {
    await isLeft(testCaller(old), { decision: refusal('source-ip-unauthorized') })
    await isLeft(testCaller(old), { decision: refusal('user-unauthorized', 'deny') })
    const both = { value: true, reasons: ['date-ok'] }
    await isLeft(testCaller(old), { decision: { ...inNoGroup, deny: both } })
  })

  test('whoever is not refused', async () => {
    const claims = { value: true, reasons: ['groups-ok'] }
    for (const outcome of ['allow', 'client-certificate', 'sign-in'] as const)
      await isLeft(testCaller(old), { decision: { ...inNoGroup, allow: claims, outcome } })
  })

  test('whoever asks for what there is no route for', async () => {
    await isLeft(testCaller(old), { decision: undefined })
  })

  test('somebody who is not signed in, or a service account', async () => {
    await isLeft(testCaller())
    const robot = testServiceAccount('robot')
    await isLeft(testCaller(robot))
  })

  test('somebody of whom the provider spoke less than half a minute ago', async () => {
    await isLeft(testCaller(old), { nowMs: 29_999 })
    const { ask, asked } = createRig({ nowMs: 30_000 })
    await ask(testCaller(old))
    assert.deepEqual(asked, ['s'])
  })
})
