import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Fault } from './judge.ts'

/** What may stay after millions of inputs, besides the corpus, in bytes. */
const maxGrowthBytes = 96 * 2 ** 20
/** Batches between two looks. */
const lookEvery = 50

/** Looks now and then whether inputs leave something behind: a parser keeps no state. */
export function memoryGuard(): { fault(): Fault | undefined } {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  const used = (): number => {
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    return heapUsed + arrayBuffers
  }
  collect()
  const before = used()
  let batches = 0
  return {
    fault() {
      batches += 1
      if (batches % lookEvery !== 0 || used() - before < maxGrowthBytes) return undefined
      collect()
      const grown = used() - before
      if (grown < maxGrowthBytes) return undefined
      const message = `inputs leave ${Math.round(grown / 2 ** 20)} MiB behind`
      return { key: 'memory', message, stack: '' }
    },
  }
}
