import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import type {
  AccessDocumentStore,
  DocumentLimits,
  DocumentOutcome,
  DocumentWrite,
} from './access-document-store.ts'
import type { Change, Store } from './store.ts'

/** A write with everything set; tests change what they are about. */
export function documentWrite(change: Partial<DocumentWrite> = {}): DocumentWrite {
  return {
    kind: 'route',
    id: 'db',
    change: 'created',
    expected: undefined,
    form: { body: '{"from":"tcp+https://db:5432"}', isDisabled: false, tags: ['prod', 'ü "x"'] },
    ...change,
  }
}

const many: DocumentLimits = {
  maxDocuments: 100,
  maxBytes: 10_000,
  maxHistoryPerDocument: 50,
  maxHistory: 100,
  maxHistoryBytes: 100_000,
}

/** Writes as somebody who has just read everything. */
async function write(
  documents: AccessDocumentStore,
  writes: readonly DocumentWrite[],
  limits: Partial<DocumentLimits> = {},
): Promise<DocumentOutcome> {
  const { revision: basedOn } = await documents.list()
  const author = { by: 'alice@example.com', atMs: 1_000, note: 'why', basedOn }
  return documents.write(writes, author, { ...many, ...limits })
}

/** What every store promises about stored routes and policies. `open` gives an empty store. */
export function accessDocumentStoreSuite(
  name: string,
  open: (t: TestContext) => Promise<Store>,
): void {
  describe(`access documents in ${name}`, () => {
    test('one is read back as it was written, and its kind has ids of its own', async (t) => {
      const { accessDocuments: documents } = await open(t)
      assert.deepEqual(await documents.list(), { documents: [], revision: 0 })
      const form = { body: '{}', isDisabled: true, tags: [] }
      const both = [documentWrite(), documentWrite({ kind: 'policy', form })]
      assert.deepEqual(await write(documents, both), { outcome: 'written', revision: 2 })
      const written = { updatedAtMs: 1_000, updatedBy: 'alice@example.com' }
      assert.deepEqual(await documents.list(), {
        documents: [
          { kind: 'policy', id: 'db', ...form, ...written, revision: 2 },
          { kind: 'route', id: 'db', ...documentWrite().form, ...written, revision: 1 },
        ],
        revision: 2,
      })
    })

    test('of two who have read the same one writes it, and the second is told which', async (t) => {
      const { accessDocuments: documents } = await open(t)
      await write(documents, [documentWrite()])
      const again = (body: string) =>
        write(documents, [
          documentWrite({ expected: 1, form: { body, isDisabled: false, tags: [] } }),
        ])
      assert.deepEqual(await Promise.all([again('{"a":1}'), again('{"b":1}')]), [
        { outcome: 'written', revision: 2 },
        { outcome: 'overtaken', overtaken: { kind: 'route', id: 'db' } },
      ])
      assert.equal((await documents.list()).documents[0]?.body, '{"a":1}')
      const created = await write(documents, [documentWrite()])
      assert.equal(created.outcome, 'overtaken')
    })

    test('a deletion is overtaken as a change is, and so is a change of what is gone', async (t) => {
      const { accessDocuments: documents } = await open(t)
      await write(documents, [documentWrite()])
      const remove = (expected: number) =>
        write(documents, [documentWrite({ change: 'deleted', expected, form: undefined })])
      assert.equal((await remove(7)).outcome, 'overtaken')
      assert.equal((await remove(1)).outcome, 'written')
      assert.equal((await remove(1)).outcome, 'overtaken')
      assert.deepEqual(await documents.list(), { documents: [], revision: 2 })
    })

    test('nothing is written that was judged beside documents of before', async (t) => {
      const { accessDocuments: documents } = await open(t)
      const { revision: basedOn } = await documents.list()
      await write(documents, [documentWrite()])
      const author = { by: 'bob', atMs: 2, note: '', basedOn }
      const other = [documentWrite({ id: 'other' })]
      assert.deepEqual(await documents.write(other, author, many), { outcome: 'moved' })
      await write(documents, [documentWrite({ expected: 1, form: undefined })])
      assert.deepEqual(await documents.write(other, { ...author, basedOn: 1 }, many), {
        outcome: 'moved',
      })
      const now = await documents.write(other, { ...author, basedOn: 2 }, many)
      assert.equal(now.outcome, 'written')
    })

    test('several are written all or none', async (t) => {
      const { accessDocuments: documents } = await open(t)
      await write(documents, [documentWrite()])
      const writes = [documentWrite({ id: 'a' }), documentWrite()]
      assert.equal((await write(documents, writes)).outcome, 'overtaken')
      assert.deepEqual(
        (await documents.list()).documents.map(({ id }) => id),
        ['db'],
      )
      assert.equal((await documents.history({ kind: 'route', id: 'a' }, 9)).length, 0)
    })

    test('there are no more of them than were asked for, nor longer ones', async (t) => {
      const { accessDocuments: documents } = await open(t)
      const writes = ['a', 'b'].map((id) => documentWrite({ id }))
      assert.deepEqual(await write(documents, writes, { maxDocuments: 1 }), { outcome: 'full' })
      assert.deepEqual(await write(documents, writes, { maxBytes: 50 }), { outcome: 'full' })
      assert.equal((await documents.list()).documents.length, 0)
      assert.equal((await write(documents, writes, { maxDocuments: 2 })).outcome, 'written')
      const { documents: kept } = await documents.list()
      const less = documentWrite({ id: 'a', expected: kept[0]?.revision, form: undefined })
      assert.equal((await write(documents, [less], { maxDocuments: 0 })).outcome, 'written')
    })

    test('a history tells newest first what there was before and after', async (t) => {
      const { accessDocuments: documents } = await open(t)
      const form = { body: '{"a":2}', isDisabled: true, tags: ['x'] }
      await write(documents, [documentWrite()])
      await write(documents, [documentWrite({ change: 'updated', expected: 1, form })])
      await write(documents, [
        documentWrite({ change: 'deleted', expected: 2, form: undefined }),
        documentWrite({ id: 'other' }),
      ])
      const first = documentWrite().form
      const common = { kind: 'route', id: 'db', atMs: 1_000, by: 'alice@example.com', note: 'why' }
      const of = { kind: 'route', id: 'db' } as const
      const entries = [
        { ...common, revision: 3, change: 'deleted', before: form, after: undefined },
        { ...common, revision: 2, change: 'updated', before: first, after: form },
        { ...common, revision: 1, change: 'created', before: undefined, after: first },
      ]
      assert.deepEqual(await documents.history(of, 9), entries)
      assert.deepEqual(await documents.history(of, 1, 3), entries.slice(1, 2))
    })

    test('old history is forgotten, of one document and of all', async (t) => {
      const { accessDocuments: documents } = await open(t)
      const limits = { maxHistoryPerDocument: 2, maxHistory: 3 }
      for (const expected of [undefined, 1, 2, 3])
        await write(documents, [documentWrite({ expected })], limits)
      const revisions = async (id: string): Promise<readonly number[]> =>
        (await documents.history({ kind: 'route', id }, 9)).map(({ revision }) => revision)
      assert.deepEqual(await revisions('db'), [4, 3])
      await write(documents, [documentWrite({ id: 'a' }), documentWrite({ id: 'b' })], limits)
      assert.deepEqual([await revisions('db'), await revisions('a')], [[4], [5]])
      assert.deepEqual((await documents.list()).revision, 6)
    })

    test('old history is forgotten by what it takes, and the newest never', async (t) => {
      const { accessDocuments: documents } = await open(t)
      const form = (length: number) => ({
        body: JSON.stringify({ ü: 'x'.repeat(length) }),
        isDisabled: false,
        tags: [],
      })
      const kept = async (): Promise<readonly number[]> =>
        (await documents.history({ kind: 'route', id: 'db' }, 9)).map(({ revision }) => revision)
      for (const expected of [undefined, 1, 2, 3])
        await write(documents, [documentWrite({ expected, form: form(1_000) })])
      assert.deepEqual(await kept(), [4, 3, 2, 1])
      // Each has what was before and after: some 2,130 bytes, and the first half of that.
      const limits = { maxHistoryBytes: 4_500 }
      await write(documents, [documentWrite({ expected: 4, form: form(1_000) })], limits)
      assert.deepEqual(await kept(), [5, 4])
      await write(documents, [documentWrite({ expected: 5, form: form(5_000) })], limits)
      assert.deepEqual(await kept(), [6])
      assert.equal((await documents.list()).revision, 6)
      const other = [documentWrite({ id: 'other' })]
      assert.equal((await write(documents, other, limits)).outcome, 'written')
      assert.deepEqual(await kept(), [])
    })

    test('what the history takes is counted in bytes, and not in letters', async (t) => {
      const { accessDocuments: documents } = await open(t)
      const body = JSON.stringify({ text: 'ü'.repeat(1_000) })
      const form = { body, isDisabled: false, tags: [] }
      // Some 2,060 bytes for the first, and 4,120 for the second: in letters there would be room for both.
      const limits = { maxHistoryBytes: 5_000 }
      for (const expected of [undefined, 1])
        await write(documents, [documentWrite({ expected, form })], limits)
      const kept = await documents.history({ kind: 'route', id: 'db' }, 9)
      assert.deepEqual(
        kept.map(({ revision }) => revision),
        [2],
      )
    })

    test('each that was written is a change of the feed, and none that was not', async (t) => {
      const { accessDocuments: documents, feed } = await open(t)
      const heard: Change[] = []
      feed.onChanges((changes) => void heard.push(...changes))
      await write(documents, [documentWrite(), documentWrite({ kind: 'policy', id: 'staff' })])
      await write(documents, [documentWrite()])
      await write(documents, [documentWrite({ expected: 1 })])
      await write(documents, [documentWrite({ expected: 3, form: undefined })])
      assert.deepEqual(
        heard.map(({ revision, kind, id, change }) => [revision, kind, id, change]),
        [
          [1, 'access-document', 'route/db', 'added'],
          [2, 'access-document', 'policy/staff', 'added'],
          [3, 'access-document', 'route/db', 'changed'],
          [4, 'access-document', 'route/db', 'ended'],
        ],
      )
    })
  })
}
