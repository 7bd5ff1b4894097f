import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { AuditIndexRow, AuditSearch } from './audit-index-store.ts'
import type { Store } from './store.ts'

const next = { file: 'decisions-2026-08-20-0001.jsonl', offset: 100, seq: 1, hash: 'a'.repeat(64) }
const startMs = Date.UTC(2026, 7, 20)

/** A decision about Alice on the route `db`, a second after the one before. */
export function indexRowOf(seq: number, more: Partial<AuditIndexRow> = {}): AuditIndexRow {
  return {
    series: 'decisions',
    seq,
    atMs: startMs + seq * 1_000,
    kind: 'decision',
    event: 'authorize check',
    email: 'alice@example.com',
    userId: 'u-alice',
    actor: undefined,
    ip: '192.0.2.1',
    route: 'db',
    routeId: 'r-1',
    requestId: `q-${seq}`,
    outcome: 'allowed',
    file: next.file,
    offset: seq * 100,
    bytes: 99,
    ...more,
  }
}

/** What every store promises about the index of the audit log. `open` gives an empty store. */
export function auditIndexStoreSuite(
  title: string,
  open: (t: TestContext) => Promise<Store>,
): void {
  describe(`the audit index in ${title}`, () => {
    test('a row is found again as it was added, and so is how far its series was read', async (t) => {
      const { auditIndex } = await open(t)
      assert.equal(await auditIndex.place('decisions'), undefined)
      const empty = indexRowOf(2, {
        email: undefined,
        userId: undefined,
        ip: undefined,
        route: undefined,
        routeId: undefined,
        requestId: undefined,
        outcome: undefined,
      })
      const rows = [indexRowOf(1, { actor: 'root@example.com' }), empty]
      await auditIndex.add('decisions', rows, next)
      assert.deepEqual(await auditIndex.search({}, 10), rows.toReversed())
      assert.deepEqual(await auditIndex.place('decisions'), next)
      assert.equal(await auditIndex.place('people'), undefined)
      const moved = { ...next, offset: 7 }
      await auditIndex.add('decisions', rows, moved)
      assert.equal((await auditIndex.search({}, 10)).length, 2)
      assert.deepEqual(await auditIndex.place('decisions'), moved)
    })

    test('each thing that is looked for leaves out what does not have it', async (t) => {
      const { auditIndex } = await open(t)
      const rows = [
        indexRowOf(1),
        indexRowOf(2, { email: 'bob@example.com', userId: 'u-bob', outcome: 'refused', ip: '::1' }),
        indexRowOf(3, {
          kind: 'sign-in',
          event: 'signed in',
          route: undefined,
          routeId: undefined,
        }),
        indexRowOf(4, {
          kind: 'admin',
          email: undefined,
          userId: 'u-x',
          actor: 'root@example.com',
        }),
        indexRowOf(5, { series: 'people', route: '100%_sure', routeId: 'r-2' }),
      ]
      await auditIndex.add('decisions', rows, next)
      const cases: readonly (readonly [AuditSearch, readonly number[]])[] = [
        [{}, [5, 4, 3, 2, 1]],
        [{ sinceMs: startMs + 2_000, untilMs: startMs + 4_000 }, [3, 2]],
        [{ kind: 'decision' }, [5, 2, 1]],
        [{ series: 'people' }, [5]],
        [{ outcome: 'refused' }, [2]],
        [{ event: 'signed in' }, [3]],
        [{ who: 'BOB@example.com' }, [2]],
        [{ who: 'u-bob' }, [2]],
        [{ who: 'Root@example.com' }, [4]],
        [{ route: 'r-2' }, [5]],
        [{ route: 'db', who: 'u-alice' }, [1]],
        [{ ip: '::1' }, [2]],
        [{ requestId: 'q-3' }, [3]],
        [{ text: 'SIGNED' }, [3]],
        [{ text: 'ob@ex' }, [2]],
        [{ text: '100%_' }, [5]],
        [{ text: '%' }, [5]],
        [{ text: '!' }, []],
        [{ text: 'nowhere' }, []],
      ]
      for (const [search, seqs] of cases) {
        const found = await auditIndex.search(search, 10)
        assert.deepEqual(
          found.map(({ seq }) => seq),
          seqs,
          JSON.stringify(search),
        )
      }
    })

    test('pages follow each other without a gap or an overlap, also within one moment', async (t) => {
      const { auditIndex } = await open(t)
      const rows = [1, 2, 3, 4, 5, 6, 7].flatMap((seq) => [
        indexRowOf(seq, { atMs: startMs + Math.floor(seq / 3) }),
        indexRowOf(seq, { series: 'people', atMs: startMs + Math.floor(seq / 3) }),
      ])
      await auditIndex.add('decisions', rows, next)
      const all = await auditIndex.search({}, 100)
      const paged: AuditIndexRow[] = []
      for (;;) {
        const page = await auditIndex.search({ after: paged.at(-1) }, 3)
        if (page.length === 0) break
        paged.push(...page)
      }
      assert.deepEqual(paged, all)
      assert.equal(all.length, 14)
    })

    test('rows before a number go, some at a time, and those of other series stay', async (t) => {
      const { auditIndex } = await open(t)
      const rows = [1, 2, 3, 4].map((seq) => indexRowOf(seq))
      await auditIndex.add('decisions', [...rows, indexRowOf(1, { series: 'people' })], next)
      assert.equal(await auditIndex.removeBefore('decisions', 4, 2), 2)
      assert.equal(await auditIndex.removeBefore('decisions', 4, 2), 1)
      assert.equal(await auditIndex.removeBefore('decisions', 4, 2), 0)
      const left = (await auditIndex.search({}, 10)).map(({ series, seq }) => `${series} ${seq}`)
      assert.deepEqual(left, ['decisions 4', 'people 1'])
    })
  })
}
