import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'

import { runProgramSync } from '../program.fixture.ts'
import { collectWhenIdle } from './idle-collection.ts'

const mib = 1024 * 1024
const everyMs = 1_000

test('a process that has grown and become idle collects, once', (t) => {
  const process = watch(t)
  process.resident = 300 * mib
  process.pass(0.6)
  assert.equal(process.collections, 0, 'while busy')
  process.pass()
  assert.equal(process.collections, 1)
  assert.equal(process.hasReturned, true)
  process.pass()
  assert.equal(process.collections, 1, 'again without need')
})

test('one that works slowly collects, and keeps its pages for what it does next', (t) => {
  const process = watch(t, { garbage: 0 })
  process.resident = 300 * mib
  process.pass(0.4)
  assert.equal(process.collections, 1)
  assert.equal(process.hasReturned, false)
  process.pass(0.1)
  assert.equal(process.hasReturned, true, 'when it is idle')
})

test('a process whose memory is in use is not stopped again and again', (t) => {
  const process = watch(t, { garbage: 0 })
  process.resident = 300 * mib
  process.pass()
  process.pass()
  process.resident += 31 * mib
  process.pass()
  assert.equal(process.collections, 1)
  process.resident += 2 * mib
  process.pass()
  assert.equal(process.collections, 2)
})

test('a process that has hardly grown is left alone', (t) => {
  const process = watch(t)
  process.resident += 31 * mib
  process.pass()
  assert.equal(process.collections, 0)
})

test('a process with a large heap is left to the runtime', (t) => {
  const process = watch(t)
  process.resident = 600 * mib
  process.heap = 257 * mib
  process.pass()
  assert.equal(process.collections, 0)
})

test('nothing is looked at after its end', (t) => {
  const process = watch(t)
  process.looking[Symbol.dispose]()
  process.resident = 300 * mib
  process.pass()
  assert.equal(process.collections, 0)
})

test('what a load has left behind goes back to the system', () => {
  const script = `
    const { collectWhenIdle } = await import(process.argv[1])
    const memory = process.memoryUsage
    collectWhenIdle(undefined, 50)
    let kept = Array.from({ length: 400_000 }, (_, index) => ({ index, text: 'x' + index, list: [index] }))
    const grown = memory.rss()
    kept = undefined
    const begun = Date.now()
    const timer = setInterval(() => {
      if (memory.rss() > grown - 24 * 1024 ** 2 && Date.now() - begun < 10_000) return
      clearInterval(timer)
      console.log((grown - memory.rss()) / 1024 ** 2)
    }, 20)
  `
  const url = new URL('idle-collection.ts', import.meta.url).href
  const { stdout, stderr } = runProgramSync(process.execPath, [
    '--input-type=module',
    '--eval',
    script,
    url,
  ])
  assert.ok(Number(stdout) >= 24, `${stdout} MiB came back ${stderr}`)
})

/** A process of 100 MiB; what its collection frees is what it has above that. */
function watch(t: TestContext, { garbage = 1 } = {}) {
  t.mock.timers.enable({ apis: ['setInterval'] })
  let worked = 0
  const ofTest = {
    resident: 100 * mib,
    heap: 50 * mib,
    collections: 0,
    hasReturned: false,
    pass(share = 0): void {
      worked = share
      t.mock.timers.tick(everyMs)
    },
  }
  const looking = collectWhenIdle(
    {
      resident: () => ofTest.resident,
      heap: () => ofTest.heap,
      utilization: () => ({ idle: 0, active: 0, utilization: worked }),
      collect: (returned) => {
        ofTest.collections++
        ofTest.hasReturned = returned > 0
        ofTest.resident -= garbage * (ofTest.resident - 100 * mib)
      },
    },
    everyMs,
  )
  t.after(() => looking[Symbol.dispose]())
  return Object.assign(ofTest, { looking })
}
