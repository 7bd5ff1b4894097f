import type { Catalog } from './catalog.ts'
import type { FileAccess } from './file-access.ts'
import { createHolder } from './hold.ts'
import type { Holding } from './holding.ts'

/** What holds where nothing is stored, and nothing is ever. */
export function catalogOfFile(
  first: FileAccess,
): Pick<Catalog, 'holding' | 'prepare' | 'useFile' | 'onHolding'> {
  const { hold } = createHolder()
  const of = (file: FileAccess): Holding =>
    hold(file, { documents: [], revision: 0 }, { nowMs: 0, before: undefined })
  let holding = of(first)
  return {
    holding: () => holding,
    prepare: () => Promise.resolve(),
    useFile: (file) => (holding = of(file)),
    onHolding: () => ({ [Symbol.dispose]() {} }),
  }
}
