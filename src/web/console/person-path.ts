/**
 * Where somebody's page is, named by user id or email address: after the question mark, since ids of some providers
 * have slashes and percent signs, which a path does not carry unharmed.
 */
export function personPath(who: string): string {
  return `/person?who=${encodeURIComponent(who)}`
}
