import assert from 'node:assert/strict'
import { test } from 'node:test'
import { csvAnswer } from './csv.ts'

interface Row {
  readonly name: string | null
  readonly count: number
}
const columns = [
  { name: 'name', cell: ({ name }: Row) => name },
  { name: 'count', cell: ({ count }: Row) => count },
]

test('what has a comma, a quote or a line feed is quoted, and nothing is no text', async () => {
  const rows = [
    { name: 'a,b', count: 1 },
    { name: 'say "hi"', count: -2 },
    { name: 'two\nlines', count: 0 },
    { name: null, count: 3 },
  ]
  const answer = await csvAnswer('rows', columns, rows)
  assert.equal(
    await answer.text(),
    'name,count\r\n"a,b",1\r\n"say ""hi""",-2\r\n"two\nlines",0\r\n,3\r\n',
  )
  assert.equal(answer.headers.get('content-disposition'), 'attachment; filename="rows.csv"')
})

test('what a spreadsheet would run is text there', async () => {
  // As it is, and as it is written.
  const texts = {
    '=cmd()': "'=cmd()",
    '+1': "'+1",
    '-1': "'-1",
    '@SUM(A1)': "'@SUM(A1)",
    '\tx': "'\tx",
    '\rx': `"'\rx"`,
    '\nx': `"'\nx"`,
    '=1,"2"': `"'=1,""2"""`,
    'a=b': 'a=b',
    '\uff1dcmd()': "'\uff1dcmd()",
    '\uff0b1': "'\uff0b1",
    '\uff0d1': "'\uff0d1",
    '\uff20x': "'\uff20x",
    'a;=cmd()': "a;'=cmd()",
    'a\t@x': "a\t'@x",
    'a\n=1': `"a\n'=1"`,
    'a;b-c': 'a;b-c',
  }
  const names = Object.keys(texts)
  const rows = names.map((name) => ({ name, count: 0 }))
  const lines = (await (await csvAnswer('rows', columns, rows)).text()).split('\r\n').slice(1, -1)
  assert.deepEqual(
    lines.map((line) => line.replace(/,0$/, '')),
    Object.values(texts),
  )
})

test('no more of a list is made than its reader takes, and none once it has gone', async () => {
  let made = 0
  let isOver = false
  async function* rows(): AsyncGenerator<Row> {
    try {
      for (;;) {
        made += 1
        await Promise.resolve()
        yield { name: 'x'.repeat(1_000), count: made }
      }
    } finally {
      isOver = true
    }
  }
  const answer = await csvAnswer('rows', columns, rows())
  const reader = answer.body?.getReader()
  await reader?.read()
  const first = made
  assert.ok(first < 40, String(first))
  await reader?.read()
  assert.ok(made > first && made < 80, String(made))
  await reader?.cancel()
  assert.equal(isOver, true)
})

test('a list that cannot be begun is a fault, and no answer', async () => {
  async function* rows(): AsyncGenerator<Row> {
    yield await Promise.reject(new Error('no role'))
  }
  await assert.rejects(csvAnswer('rows', columns, rows()), { message: 'no role' })
})
