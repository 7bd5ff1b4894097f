import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { silentLogger } from '../log.ts'
import { createShutdown, type ShutdownParts } from './stop.ts'

test('what was kept while the port is closed is let go of when the last tunnel has ended, not before', async () => {
  const { drained, steps, close } = rig()
  const closing = close(60_000)
  await turn()
  assert.deepEqual(steps, ['stop accepting'])
  drained.resolve()
  await closing
  assert.deepEqual(steps, ['stop accepting', 'cut all', 'let go', 'emptied', 'disposed'])
})

test('it is let go of after the grace period as well', async () => {
  const { drained, steps, close } = rig()
  const closing = close(0)
  while (!steps.includes('let go')) await turn()
  drained.resolve()
  await closing
  assert.deepEqual(steps, ['stop accepting', 'cut all', 'let go', 'emptied', 'disposed'])
})

function rig() {
  const steps: string[] = []
  const drained = Promise.withResolvers<void>()
  const parts = {
    logger: silentLogger,
    port: {
      stopAccepting: () => void steps.push('stop accepting'),
      announceCut: () => undefined,
      letGo: () => void steps.push('let go'),
      emptied: () => Promise.resolve(void steps.push('emptied')),
    },
    liveTunnels: {
      size: 0,
      drained: () => drained.promise,
      cutAll: () => void steps.push('cut all'),
    },
    words: { passed: () => Promise.resolve() },
    running: { [Symbol.asyncDispose]: () => Promise.resolve(void steps.push('disposed')) },
  }
  return { steps, drained, close: createShutdown(parts as unknown as ShutdownParts) }
}
