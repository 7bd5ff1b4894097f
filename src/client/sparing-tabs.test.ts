import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sparingTabs } from './sparing-tabs.ts'

test('sign-ins that nobody answers open one tab in half an hour', () => {
  let nowMs = 0
  let tabs = 0
  const { present, answered } = sparingTabs(
    (_url, isRepeated) => void (tabs += isRepeated ? 0 : 1),
    () => nowMs,
  )
  for (; nowMs < 30 * 60_000; nowMs += 5 * 60_000) present('https://gw.example', false)
  assert.equal(tabs, 1)
  present('https://gw.example', false)
  assert.equal(tabs, 2)
  answered()
  present('https://gw.example', false)
  assert.equal(tabs, 3)
})

test('one that is gone on with opens none, and counts as none', () => {
  const opened: boolean[] = []
  const { present } = sparingTabs((_url, isRepeated) => void opened.push(!isRepeated))
  present('https://gw.example', true)
  present('https://gw.example', false)
  assert.deepEqual(opened, [false, true])
})
