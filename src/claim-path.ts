/**
 * More steps than this into nested claims are not taken; a claim of that very name is still found.
 *
 * @limit steps into a nested claim: it counts as absent
 */
export const maxClaimLevels = 5

/**
 * The claim at a path such as `realm_access.roles` or `realm_access/roles`; undefined where there is none.
 * A claim whose whole name is the path comes first. Own properties only: `constructor` is not a claim.
 */
export function findClaim(claims: Readonly<Record<string, unknown>>, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path]
  const steps = path.split(/[/.]/)
  if (steps.length > maxClaimLevels) return undefined
  let found: unknown = claims
  for (const step of steps) {
    if (!isObject(found) || !Object.hasOwn(found, step)) return undefined
    found = found[step]
  }
  return found
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
