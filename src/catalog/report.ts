import type { Logger } from '../log.ts'
import { formatPath } from '../yaml-text.ts'
import type { Held, Holding } from './holding.ts'

/** Says of each stored route and policy once why it is not in use, and again when that is another reason. */
export function createHoldingReport(logger: Logger): (holding: Holding) => void {
  let told: ReadonlySet<string> = new Set()

  function tell(kind: string, { id, faults }: Held, now: Set<string>): void {
    for (const { path, message } of faults) {
      const problem = [formatPath(path), message].filter((part) => part !== '').join(': ')
      const key = JSON.stringify([kind, id, problem])
      now.add(key)
      if (!told.has(key)) logger.warn(`a stored ${kind} is not in use`, { [kind]: id, problem })
    }
  }

  return ({ heldRoutes, heldPolicies }) => {
    const now = new Set<string>()
    for (const held of heldPolicies) tell('policy', held, now)
    for (const held of heldRoutes) tell('route', held, now)
    told = now
  }
}
