import { byCompanyDirectory } from './causes/company-directory.ts'
import { byConnectors } from './causes/connectors.ts'
import { byFiles } from './causes/files.ts'
import { byOperator } from './causes/operator.ts'
import { byProvider } from './causes/provider.ts'
import type { Cause } from './cause.ts'

/** Every way in which access ends while a gateway runs. */
export const causes: readonly Cause[] = [
  ...byOperator,
  ...byFiles,
  ...byCompanyDirectory,
  ...byConnectors,
  ...byProvider,
]
