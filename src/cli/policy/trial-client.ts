import { createControlClient, type TrialClient } from '../../control/client.ts'
import { localActor } from '../../control/change.ts'
import { defaultConfigPath } from '../commands/gateway-options.ts'
import { findStateDirectory } from '../commands/state-directory.ts'
import { offlineTrials } from './offline-trials.ts'
import type { AskPolicyOptions } from './policy-options.ts'

/** Whom a command asks: the gateway that runs, or with `--offline` the configuration file. */
export async function trialClient(options: AskPolicyOptions): Promise<TrialClient> {
  if (options.offline !== true) return createControlClient(await findStateDirectory(options))
  const { trials } = await offlineTrials(options.config ?? defaultConfigPath)
  return {
    tryAccess: (request) => trials.tryAccess(localActor, request),
    whoCan: (route, query) => trials.whoCan(localActor, route, query),
    whatCan: (who, query) => trials.whatCan(localActor, who, query),
  }
}
