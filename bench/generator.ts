/** The load generator's process: does one task after the other, as it is told. */
import { perform } from './tasks.ts'
import type { Order, Result } from './tasks.ts'

process.on('message', (order: Order) => {
  perform(order).then(
    (result) => answer(result),
    (error: unknown) => answer({ error: error instanceof Error ? error.message : String(error) }),
  )
})
process.on('disconnect', () => process.exit())

function answer(result: Result): void {
  process.send?.(result)
}
