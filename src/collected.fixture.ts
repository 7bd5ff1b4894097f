import assert from 'node:assert/strict'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Watches objects; `collected` resolves once one of them is garbage that was collected. */
export function watchCollected(): {
  readonly collected: Promise<void>
  watch(object: object): void
} {
  const { promise: collected, resolve } = Promise.withResolvers<void>()
  const registry = new FinalizationRegistry(() => resolve())
  return { collected, watch: (object) => registry.register(object, undefined) }
}

/** Collects garbage until `collected` resolves. */
export async function untilCollected(collected: Promise<void>): Promise<void> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const isDone = collected.then(() => true)
  for (let turn = 0; turn < 100; turn += 1) {
    collect()
    if (await Promise.race([isDone, nextTurn(false)])) return
  }
  assert.fail('it is still held')
}
