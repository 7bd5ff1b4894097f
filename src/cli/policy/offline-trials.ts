import { createDecide } from '../../access/decide.ts'
import { subjectOf } from '../../access/directory.ts'
import { systemClock } from '../../clock.ts'
import { loadAccess, type LoadedAccess } from '../../config/load-access.ts'
import { trialOperations, type TrialOperations } from '../../control/trials.ts'
import { createRouteRegister } from '../../routes/register.ts'
import type { RouteTable } from '../../routes/table.ts'
import { environment } from '../process/environment.ts'

/** Trials by a configuration file alone: nobody has signed in, and there are no service accounts. */
export interface OfflineTrials {
  readonly access: LoadedAccess
  readonly table: RouteTable
  readonly trials: TrialOperations
}

async function* nobodySignedIn(): AsyncGenerator<never, void, undefined> {
  yield* await Promise.resolve([])
}

/** Reads a configuration and judges by it what a gateway that ran on it would decide. */
export async function offlineTrials(path: string): Promise<OfflineTrials> {
  const access = await loadAccess({ path, env: environment })
  const table = createRouteRegister(access.routes).table()
  const { directory } = access
  const trials = trialOperations({
    clock: systemClock,
    authority: {
      require: () => undefined,
      roleOf: () => ({ role: 'admin' }),
      sees: () => () => true,
    },
    decide: createDecide({
      clock: systemClock,
      clientCertificates: { facts: () => undefined },
      subjectOf: (who) => subjectOf(who, directory),
    }),
    routeTable: () => table,
    directory: () => directory,
    blockedPeople: { isBlocked: () => false },
    identity: {
      listSessions: () => nobodySignedIn(),
      serviceAccounts: { list: () => Promise.resolve([]) },
    },
  })
  return { access, table, trials }
}
