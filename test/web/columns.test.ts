import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Column, nextSorting, sortRows } from '../../src/web/ui/list/columns.ts'

interface Row {
  readonly name: string
  readonly bytes: number
}

const columns: readonly Column<Row>[] = [
  { id: 'name', title: '', width: '', cell: () => '', sortBy: ({ name }) => name },
  { id: 'bytes', title: '', width: '', cell: () => '', sortBy: ({ bytes }) => bytes },
  { id: 'plain', title: '', width: '', cell: () => '' },
]
const rows: readonly Row[] = [
  { name: 'host-10', bytes: 9 },
  { name: 'host-9', bytes: 10 },
  { name: 'Ada', bytes: 9 },
]

function order(column: string, isDescending = false): string[] {
  return sortRows(rows, columns, { column, isDescending }).map(({ name }) => name)
}

test('names are sorted as people do, figures by their size, equal ones stay as they came', () => {
  assert.deepEqual(order('name'), ['Ada', 'host-9', 'host-10'])
  assert.deepEqual(order('bytes'), ['host-10', 'Ada', 'host-9'])
  assert.deepEqual(order('bytes', true), ['host-9', 'host-10', 'Ada'])
})

test('a column that cannot be sorted by changes nothing', () => {
  assert.equal(sortRows(rows, columns, { column: 'plain', isDescending: false }), rows)
  assert.equal(sortRows(rows, columns, undefined), rows)
})

test('the same column asked for again turns round, and then is let go', () => {
  const up = nextSorting('name', undefined)
  const down = nextSorting('name', up)
  assert.deepEqual([up?.isDescending, down?.isDescending], [false, true])
  assert.equal(nextSorting('name', down), undefined)
  assert.deepEqual(nextSorting('bytes', down), { column: 'bytes', isDescending: false })
})
