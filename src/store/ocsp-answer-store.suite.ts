import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { OcspAnswerRecord } from './ocsp-answer-store.ts'
import type { Store } from './store.ts'

function answer(change: Partial<OcspAnswerRecord> = {}): OcspAnswerRecord {
  return {
    certificate: 'ab'.repeat(32),
    answer: 'MAMKAQM=',
    fromMs: 1_000,
    untilMs: 9_000,
    fetchedAtMs: 1_500,
    ...change,
  }
}

/** What every store promises about OCSP answers. `open` gives an empty store. */
export function ocspAnswerStoreSuite(
  title: string,
  open: (t: TestContext) => Promise<Store>,
): void {
  describe(`OCSP answers in ${title}`, () => {
    test('each is read back by its certificate, and a newer one takes its place', async (t) => {
      const { ocspAnswers } = await open(t)
      const other = answer({ certificate: 'cd'.repeat(32) })
      assert.equal(await ocspAnswers.get(other.certificate), undefined)
      for (const one of [answer(), other]) assert.equal(await ocspAnswers.put(one, 0), true)
      const newer = answer({ answer: 'AAAA', fromMs: 2_000, untilMs: 12_000, fetchedAtMs: 2_100 })
      assert.equal(await ocspAnswers.put(newer, 0), true)
      assert.deepEqual(await ocspAnswers.get(newer.certificate), newer)
      assert.deepEqual(await ocspAnswers.get(other.certificate), other)
    })

    test('an older one never takes the place of a newer, though it ends later', async (t) => {
      const { ocspAnswers } = await open(t)
      await ocspAnswers.put(answer({ fromMs: 2_000 }), 0)
      const older = answer({ fromMs: 1_999, untilMs: 99_000, fetchedAtMs: 3_000 })
      assert.equal(await ocspAnswers.put(older, 0), false)
      assert.deepEqual(await ocspAnswers.get(older.certificate), answer({ fromMs: 2_000 }))
      const fetchedAgain = answer({ fromMs: 2_000, fetchedAtMs: 3_000 })
      assert.equal(await ocspAnswers.put(fetchedAgain, 0), true)
      assert.deepEqual(await ocspAnswers.get(older.certificate), fetchedAgain)
    })

    test('those whose end has come are forgotten', async (t) => {
      const { ocspAnswers } = await open(t)
      await ocspAnswers.put(answer(), 0)
      const other = answer({ certificate: 'cd'.repeat(32), untilMs: 20_000 })
      await ocspAnswers.put(other, 8_999)
      assert.deepEqual(await ocspAnswers.get(answer().certificate), answer())
      await ocspAnswers.put(other, 9_000)
      assert.equal(await ocspAnswers.get(answer().certificate), undefined)
    })
  })
}
