import type { StateOptions } from '../commands/gateway-options.ts'

/** Read beside the configuration when no file of tests is named. */
export const defaultTestsFile = 'policy-tests.yaml'

export interface PolicyTestOptions {
  readonly config: string
  readonly junit?: string
  readonly json?: boolean
}

/** Options of commands that ask a running gateway, or a configuration file alone. */
export interface AskPolicyOptions extends StateOptions {
  readonly offline?: boolean
  readonly at?: string
  readonly from?: string
  readonly json?: boolean
}

export interface WhoCanOptions extends AskPolicyOptions {
  /** Those who may not as well. */
  readonly all?: boolean
}

export interface ExplainOptions extends AskPolicyOptions {
  readonly group?: readonly string[]
  readonly claim?: Readonly<Record<string, string | readonly string[]>>
  /** The id of an identity provider. */
  readonly provider?: string
  readonly serviceAccount?: true
  readonly certificate?: true
}

export interface DiffOptions {
  readonly tests?: readonly string[]
  readonly json?: boolean
}
