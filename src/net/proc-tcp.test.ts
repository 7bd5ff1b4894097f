import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRowFinder } from './proc-tcp.ts'

test('all who ask while the tables are read get their rows from one further reading', async () => {
  const readings: PromiseWithResolvers<readonly string[]>[] = []
  const find = createRowFinder(() => {
    const reading = Promise.withResolvers<readonly string[]>()
    readings.push(reading)
    return reading.promise
  })
  const rows = Array.from(
    { length: 2_000 },
    (_, index) => `  ${index}: L${index} R${index} 01 ${index}`,
  )
  const tables = ['  sl\n', `  sl\n${rows.join('\n')}\n`]
  const first = find(['none', 'L0 R0'])
  const others = rows.map((_row, index) => find([`L${index} R${index}`]))
  const missing = find(['L0 R1'])
  assert.equal(readings.length, 1)
  readings[0]?.resolve(tables)
  assert.equal(await first, '01 0')
  while (readings.length < 2) await new Promise(setImmediate)
  readings[1]?.resolve(tables)
  assert.deepEqual(
    await Promise.all(others),
    rows.map((_row, index) => `01 ${index}`),
  )
  assert.equal(await missing, undefined)
  assert.equal(readings.length, 2)
})

test('where there are no tables, nobody is found, and it is tried again', async () => {
  let readings = 0
  const find = createRowFinder(() => {
    readings += 1
    return Promise.reject(new Error('not on this system'))
  })
  assert.equal(await find(['L R']), undefined)
  assert.equal(await find(['L R']), undefined)
  assert.equal(readings, 2)
})
