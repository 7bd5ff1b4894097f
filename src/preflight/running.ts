import { createControlClient } from '../control/client.ts'
import type { ConnectorSummary } from '../control/protocol.ts'
import { SystemError } from '../errors.ts'

/** The gateway that runs on this state directory, as far as it can be asked. */
export type Running =
  | { readonly state: 'running'; readonly connectors: readonly ConnectorSummary[] }
  | { readonly state: 'none' }
  /** Why it is not known whether there is one. */
  | { readonly state: 'unknown'; readonly why: string; readonly hint: string | undefined }

/** Asks the gateway on a state directory, if there is one. */
export async function findRunning(stateDirectory: string, timeoutMs: number): Promise<Running> {
  const client = createControlClient(stateDirectory, { timeoutMs })
  try {
    return { state: 'running', connectors: (await client.listConnectors()).connectors }
  } catch (error) {
    const isKnown = error instanceof SystemError
    // One that is there and does not answer in time has no cause.
    const isAbsent = isKnown && error.code === 'gateway-not-running' && error.cause !== undefined
    if (isAbsent) return { state: 'none' }
    const why = error instanceof Error ? error.message : String(error)
    return { state: 'unknown', why, hint: isKnown ? error.hint : undefined }
  }
}
