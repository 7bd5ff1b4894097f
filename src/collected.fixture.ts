import assert from 'node:assert/strict'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { isBun } from './is-bun.ts'

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
  const collect = findCollector()
  const isDone = collected.then(() => true)
  for (let turn = 0; turn < 100; turn += 1) {
    collect()
    if (await Promise.race([isDone, nextTurn(false)])) return
  }
  assert.fail('it is still held')
}

/** What collects garbage at once. */
export function findCollector(): () => void {
  if (isBun) {
    const { gc } = Reflect.get(globalThis, 'Bun') as { readonly gc: (isAtOnce: boolean) => void }
    return () => gc(true)
  }
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
}
