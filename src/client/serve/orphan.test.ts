import assert from 'node:assert/strict'
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { test, type TestContext } from 'node:test'
import { watchForOrphan } from './orphan.ts'

function watch(t: TestContext, isParentGone: () => boolean) {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const input = new PassThrough()
  let orphaned = 0
  const watching = watchForOrphan({
    input,
    onOrphan: () => (orphaned += 1),
    isParentGone,
  })
  t.after(() => watching[Symbol.dispose]())
  return { input, watching, look: () => (t.mock.timers.tick(1_000), orphaned) }
}

async function end(input: PassThrough): Promise<void> {
  input.resume().end()
  await once(input, 'end')
}

test('neither the end of the input nor another parent alone makes an orphan', async (t) => {
  let isParentGone = true
  const { input, look } = watch(t, () => isParentGone)
  assert.equal(look(), 0)
  isParentGone = false
  await end(input)
  assert.equal(look(), 0)
})

test('both together do, once', async (t) => {
  const { input, look } = watch(t, () => true)
  await end(input)
  assert.equal(look(), 1)
  assert.equal(look(), 1)
})

test('once the tunnel is open nobody looks any more', async (t) => {
  const { input, watching, look } = watch(t, () => true)
  watching[Symbol.dispose]()
  await end(input)
  assert.equal(look(), 0)
})
