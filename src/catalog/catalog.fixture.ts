import type { Catalog } from './catalog.ts'
import type { FileAccess } from './file-access.ts'
import { createHolder } from './hold.ts'
import type { Holding } from './holding.ts'

/** A file without routes. */
export const emptyFile: FileAccess = {
  routes: [],
  fileRoutes: [],
  filePolicies: [],
  clientCertificates: 'none',
  cookieExpireMs: 3_600_000,
  authenticateServiceUrl: undefined,
  identityProviders: [],
}

/** What holds where nothing is stored, and nothing can be. */
export function catalogOfFile(first: FileAccess = emptyFile): Catalog {
  const { hold } = createHolder()
  const of = (file: FileAccess): Holding =>
    hold(file, { documents: [], revision: 0 }, { nowMs: 0, before: undefined })
  let holding = of(first)
  return {
    holding: () => holding,
    prepare: () => Promise.resolve(),
    useFile: (file) => (holding = of(file)),
    onHolding: () => ({ [Symbol.dispose]() {} }),
    foresee: () => holding,
    foreseeMany: () => Promise.resolve(holding),
    change: () => Promise.reject(new Error('nothing is stored here')),
    history: () => Promise.resolve([]),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}
