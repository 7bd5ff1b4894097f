import assert from 'node:assert/strict'
import { test } from 'node:test'
import { trayMenu, type MenuItem } from './menu.ts'
import { summarize } from './summary.ts'
import { connectionOf, createFakeModel } from './tray.fixture.ts'

const labels = (items: readonly MenuItem[]): readonly string[] => items.map(({ label }) => label)

test('a menu without connections says so, and leads to the window', () => {
  const model = createFakeModel()
  assert.deepEqual(labels(trayMenu(model)).slice(0, 3), ['Open window', '', 'No connections yet'])
  trayMenu(model)[0]?.run?.()
  assert.deepEqual(model.told, ['open'])
})

test('a menu of very many has an end, behind which the window is', () => {
  const many = Array.from({ length: 1_000 }, (_, at) =>
    connectionOf(`c${at}`, 'off', [`t${at % 100}`, 'all']),
  )
  const model = createFakeModel([
    ...many,
    ...many.slice(0, 50).map((it) => ({ ...it, settings: { ...it.settings, tags: [] } })),
  ])
  const menu = trayMenu(model)
  assert.equal(labels(menu).filter((it) => it === 'More in the window…').length, 2)
  const all = menu.find(({ label }) => label.startsWith('all'))
  assert.equal(all?.items.length, 3 + 40 + 1)
  all?.items.at(-1)?.run?.()
  assert.deepEqual(model.told, ['open'])
})

test('a name that others wrote is one short line', () => {
  const model = createFakeModel([connectionOf(`\u202Ea\nb${'x'.repeat(100)}`, 'off', ['\u0007t'])])
  const [tag] = trayMenu(model).filter(({ items }) => items.length > 0)
  assert.equal(tag?.label, 't (0 of 1)')
  assert.match(tag.items.at(-1)?.label ?? '', /^a bx{56}…$/)
})

test('a click does what is right when it comes, not when the menu was made', () => {
  const model = createFakeModel([connectionOf('db', 'off')])
  const item = trayMenu(model).find(({ label }) => label === 'db')
  model.set([connectionOf('db', 'connected')])
  item?.run?.()
  assert.deepEqual(model.told, ['down {"connections":["id-db"]}'])
})

test('the summary says first what somebody has to do', () => {
  const of = (...states: readonly Parameters<typeof connectionOf>[1][]) =>
    summarize({ connections: states.map((state, at) => connectionOf(`c${at}`, state)) })
  assert.deepEqual(of('off'), { needsAttention: false, text: 'nothing is up' })
  assert.deepEqual(of('listening', 'connected', 'connected', 'gateway-unreachable'), {
    needsAttention: false,
    text: '1 gateway unreachable, 2 connected, 1 listening',
  })
  assert.deepEqual(of('connected', 'denied', 'off'), {
    needsAttention: true,
    text: '1 denied, 1 connected',
  })
})
