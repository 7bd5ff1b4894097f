/** `?return_to=/console/tunnels` of the sign-in page. */
export const returnToParameter = 'return_to'

/** Pages of ours that people come to by themselves, and are led back to once they are signed in. */
const pagePaths = ['/console/', '/.postern/refused/', '/.postern/passkeys'] as const

/** @limit the page of ours that a sign-in leads back to, in characters: it leads to the portal */
const maxPageLength = 2000

/**
 * The page of ours that a sign-in is to lead back to; undefined for anything else, so that no link by way of
 * our sign-in ends at another site.
 */
export function parseOwnPage(text: string, origin: URL): URL | undefined {
  const url = text.length > maxPageLength ? null : URL.parse(text, origin)
  if (url === null || url.origin !== origin.origin) return undefined
  return pagePaths.some((path) => url.pathname.startsWith(path)) ? url : undefined
}
