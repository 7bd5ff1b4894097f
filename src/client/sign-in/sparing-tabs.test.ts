import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sparingTabs } from './sparing-tabs.ts'

const noop = (): void => {}

test('sign-ins that nobody answers open one tab in half an hour', () => {
  let nowMs = 0
  let tabs = 0
  const { present, answered } = sparingTabs(
    (_url, tab) => void (tabs += tab === 'open' ? 1 : 0),
    () => nowMs,
  )
  for (; nowMs < 30 * 60_000; nowMs += 5 * 60_000) present('https://gw.example', 'open', noop)
  assert.equal(tabs, 1)
  present('https://gw.example', 'open', noop)
  assert.equal(tabs, 2)
  answered()
  present('https://gw.example', 'open', noop)
  assert.equal(tabs, 3)
})

test('one that is continued opens none, and counts as none', () => {
  const shown: string[] = []
  const { present } = sparingTabs((_url, tab) => void shown.push(tab))
  present('https://gw.example', 'is-open', noop)
  present('https://gw.example', 'open', noop)
  present('https://gw.example', 'open', noop)
  assert.deepEqual(shown, ['is-open', 'open', 'none'])
})
