import type { ValueFault } from '../schema.ts'

/** A fault of a route, or a warning, at a path within its plain value. */
export type RouteFault = ValueFault

/** What is said of a route: everything, not only the first. */
export interface RouteFindings {
  /** With any of these it is no route. */
  readonly faults: readonly RouteFault[]
  readonly warnings: readonly RouteFault[]
}

/** Collects what is found while a route is read. */
export interface RouteNotes extends RouteFindings {
  fault(path: RouteFault['path'], message: string, details?: FaultDetails): void
  warn(path: RouteFault['path'], message: string, details?: FaultDetails): void
  add(found: RouteFindings): void
}

/** `at`: whether it is shown at the key or, without it, at the value. */
export type FaultDetails = Partial<Pick<RouteFault, 'hint' | 'at'>>

export function createRouteNotes(): RouteNotes {
  const faults: RouteFault[] = []
  const warnings: RouteFault[] = []
  return {
    faults,
    warnings,
    fault: (path, message, { hint, at = 'value' } = {}) =>
      void faults.push({ path, message, hint, at }),
    warn: (path, message, { hint, at = 'value' } = {}) =>
      void warnings.push({ path, message, hint, at }),
    add(found) {
      faults.push(...found.faults)
      warnings.push(...found.warnings)
    },
  }
}
