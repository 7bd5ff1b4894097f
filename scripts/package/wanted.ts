import { parseArgs } from 'node:util'
import { needsUrl, type PackageKind, packageKinds } from './packages.ts'
import { readUrl } from './release.ts'
import { findSystem, type System, systems } from './systems.ts'

/** What a command line asks for. */
export interface Wanted {
  /** Whose archives are made. */
  readonly systems: readonly System[]
  readonly packages: readonly PackageKind[]
  /** Where the release will be offered, without a `/` at its end. */
  readonly url: string | undefined
}

/**
 * Names of systems and of kinds of packages; `all` is all of both, and none of them all systems.
 *
 * @throws Error when there is no such name, or the address is missing that packages need.
 */
export function readWanted(args: readonly string[]): Wanted {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { url: { type: 'string' } },
    allowPositionals: true,
  })
  const isAll = positionals.includes('all')
  const packages = packageKinds.filter((kind) => isAll || positionals.includes(kind))
  const named = positionals.filter((name) => name !== 'all' && !isKind(name)).map(findSystem)
  const needing = packages.filter(needsUrl)
  if (needing.length > 0 && values.url === undefined)
    throw new Error(`${needing.join(' and ')} say where the release is offered: give --url`)
  return {
    systems: isAll || positionals.length === 0 ? systems : named,
    packages,
    url: values.url === undefined ? undefined : readUrl(values.url),
  }
}

function isKind(name: string): name is PackageKind {
  return (packageKinds as readonly string[]).includes(name)
}
