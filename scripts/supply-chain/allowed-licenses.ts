import type { Component } from '../package/contents.ts'

/** Under which a package may be in a release: each lets it be given away with a notice and nothing more. SPDX. */
const allowed = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'Unlicense',
])

type Licensed = Pick<Component, 'name' | 'version' | 'license'>

/** The packages whose licence is another one, or none that is known. */
export function faultsOfLicenses(components: readonly Licensed[]): string[] {
  return components
    .filter(({ license }) => !isAllowed(license))
    .map(
      ({ name, version, license }) =>
        `${name}@${version} is under "${license}", which no release may have in it`,
    )
}

/**
 * One licence, or an expression of SPDX: all of those that `AND` joins, or one of those that `OR` joins. Brackets within
 * count as unknown: somebody should read what such a package means.
 */
function isAllowed(license: string): boolean {
  const terms = license.replace(/^\((.*)\)$/, '$1')
  if (terms.includes(' OR ')) return terms.split(' OR ').some((term) => allowed.has(term))
  return terms.split(' AND ').every((term) => allowed.has(term))
}

/** How many packages there are under each, the most first. */
export function countLicenses(components: readonly Licensed[]): string {
  const counts = Map.groupBy(components, ({ license }) => license)
  return [...counts]
    .toSorted(([, one], [, other]) => other.length - one.length)
    .map(([license, { length }]) => `${length} ${license}`)
    .join(', ')
}
