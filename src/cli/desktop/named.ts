import { isSameName } from '../../desktop/connections/names.ts'
import { PeerError } from '../../errors.ts'
import { didYouMean } from '../../spelling.ts'

interface Named {
  readonly id: string
  readonly settings: { readonly name: string }
}

/**
 * The connections that somebody names, or gives the ids of; all of them where nobody does. `file` is the one that they
 * are of.
 *
 * @throws PeerError `connection-not-found`
 */
export function namedOf<T extends Named>(
  names: readonly string[],
  connections: readonly T[],
  file?: string,
): readonly T[] {
  if (names.length === 0) return connections
  return names.map((name) => {
    const found =
      connections.find(({ id }) => id === name) ??
      connections.find(({ settings }) => isSameName(settings.name, name))
    if (found !== undefined) return found
    const known = connections.map(({ settings }) => settings.name)
    const where = file === undefined ? '' : ` in "${file}"`
    const other =
      file === undefined ? 'see "postern status"' : 'leave the names out for all of them'
    throw new PeerError('connection-not-found', `there is no connection "${name}"${where}`, {
      hint: didYouMean(name, known) ?? other,
    })
  })
}
