import { isSameName } from '../../desktop/connections/names.ts'
import { PeerError } from '../../errors.ts'
import { didYouMean } from '../../spelling.ts'

interface Named {
  readonly settings: { readonly name: string }
}

/**
 * The connections of a file that somebody names; all of them where nobody does.
 *
 * @throws PeerError `connection-not-found`
 */
export function namedOf<T extends Named>(
  names: readonly string[],
  connections: readonly T[],
  file: string,
): readonly T[] {
  if (names.length === 0) return connections
  return names.map((name) => {
    const found = connections.find(({ settings }) => isSameName(settings.name, name))
    if (found !== undefined) return found
    const known = connections.map(({ settings }) => settings.name)
    throw new PeerError('connection-not-found', `there is no connection "${name}" in "${file}"`, {
      hint: didYouMean(name, known) ?? 'leave the names out for all of them',
    })
  })
}
