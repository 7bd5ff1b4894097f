import type { Directory } from '../../access/directory.ts'
import type { NewRoute } from '../../routes/route.ts'
import type { TryRequest } from '../../control/trial-protocol.ts'

/** Whom two configurations may decide differently: a trial without its route, and how to call it. */
export interface ComparedCaller {
  readonly name: string
  readonly trial: Omit<TryRequest, 'route'>
}

/** Somebody who is not signed in, and everybody whom a directory or a policy names by an address. */
export function namedPeople(
  routes: readonly NewRoute[],
  directories: readonly (Directory | undefined)[],
): readonly ComparedCaller[] {
  const people = new Set<string>()
  for (const directory of directories)
    for (const member of directory?.members() ?? []) people.add(member)
  for (const { definition } of routes) addAddresses(definition, people)
  const callers = [...people].sort().map((name) => ({ name, trial: { person: name } }))
  return [{ name: 'nobody', trial: {} }, ...callers]
}

/** Email addresses anywhere in plain data; what is none is judged as a stranger, and changes nothing. */
function addAddresses(data: unknown, found: Set<string>): void {
  if (typeof data === 'string') {
    if (/^[^\s@:/]+@[^\s@:/]+$/.test(data)) found.add(data.toLowerCase())
  } else if (typeof data === 'object' && data !== null)
    for (const value of Object.values(data)) addAddresses(value, found)
}
