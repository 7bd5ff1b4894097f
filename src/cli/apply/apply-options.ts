import type { TrustFlags } from '../asking/ask-options.ts'
import type { StateOptions } from '../commands/gateway-options.ts'

/** Which gateway is asked. */
export interface WhereOptions extends StateOptions, TrustFlags {
  readonly gateway?: string
  readonly serviceAccountFile?: string
  readonly json?: boolean
}

export interface ApplyOptions extends WhereOptions {
  readonly file: string
  readonly dryRun?: boolean
  readonly yes?: boolean
  readonly prune?: boolean
  readonly note?: string
}

export interface ExportOptions extends WhereOptions {
  readonly all?: boolean
}
