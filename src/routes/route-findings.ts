import type { ValueFault } from '../schema.ts'

/** A fault of a route, or a warning, at a path within its plain value. */
export interface RouteFault extends ValueFault {
  /** Where it tells of another route or policy: the namespace of that, and what is told to who does not see it. */
  readonly other?: Other
}

export interface Other {
  readonly namespace: string | undefined
  readonly message: string
}

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
export type FaultDetails = Partial<Pick<RouteFault, 'hint' | 'at' | 'other'>>

export function createRouteNotes(): RouteNotes {
  const faults: RouteFault[] = []
  const warnings: RouteFault[] = []
  return {
    faults,
    warnings,
    fault: (path, message, details) => void faults.push(findingOf(path, message, details)),
    warn: (path, message, details) => void warnings.push(findingOf(path, message, details)),
    add(found) {
      faults.push(...found.faults)
      warnings.push(...found.warnings)
    },
  }
}

function findingOf(
  path: RouteFault['path'],
  message: string,
  { hint, at = 'value', other }: FaultDetails = {},
): RouteFault {
  return { path, message, hint, at, ...(other === undefined ? {} : { other }) }
}

/** A finding as it is told to who sees what is in some namespaces. */
export function toldTo(
  sees: (namespace: string | undefined) => boolean,
): (finding: RouteFault) => RouteFault {
  return (finding) => {
    const { other, path, at } = finding
    if (other === undefined || sees(other.namespace)) return finding
    return { path, message: other.message, hint: undefined, at }
  }
}
