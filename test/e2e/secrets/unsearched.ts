/**
 * End-to-end tests whose scopes are searched only where `POSTERN_SEARCH_SECRETS=1` asks for it, by the path of their file below
 * `test/e2e`: the one that has not been run with it to its end, since it wants a Keycloak that
 * is unpacked by hand. No file is added.
 */
export const unsearched: ReadonlySet<string> = new Set(['keycloak'])
