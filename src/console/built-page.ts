import type { Context } from 'hono'
import { AccessError } from '../errors.ts'
import type { PageApp, PageRequest } from '../gateway/parts.ts'
import { streamShared, type BuiltFile, type BuiltFiles } from '../built-files.ts'

type PageContext = Context<{ Bindings: PageRequest }>

/**
 * Sent with the page and its files. Scripts and styles are files of ours: nothing inline runs, nothing
 * comes from elsewhere, and no script turns text into markup.
 */
export const pageHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  // Not `no-referrer`: browsers would send `Origin: null` with the sign-out form.
  'referrer-policy': 'same-origin',
}

export interface ServedBuild {
  readonly name: 'portal' | 'console'
  readonly files: BuiltFiles
  /** Where its page is shown, as Hono writes paths. */
  readonly paths: readonly string[]
  readonly origin: URL | undefined
}

/** Serves the page of a build and its files, on the gateway's own host alone. */
export function serveBuild(app: PageApp, { name, files, paths, origin }: ServedBuild): void {
  // As in `scripts/build-web.mjs`.
  const filesPath = `/.postern/${name}/`
  const index = files.get('index.html')
  for (const path of paths) {
    app.get(path, (c, next) =>
      isOwnHost(c, origin) && index !== undefined ? send(c, index, 'no-store') : next(),
    )
  }
  app.get(`${filesPath}*`, (c, next) => {
    const file = files.get(c.req.path.slice(filesPath.length))
    // Its name changes with its content.
    const cacheControl = 'public, max-age=31536000, immutable'
    return isOwnHost(c, origin) && file !== undefined ? send(c, file, cacheControl) : next()
  })
}

/** A route's name may lead to this port as well; there the gateway's plain page answers. */
export function isOwnHost(c: PageContext, origin: URL | undefined): boolean {
  return origin === undefined || new URL(c.req.url).host === origin.host
}

async function send(
  c: PageContext,
  { type, bytes, gzipped }: BuiltFile,
  cacheControl: string,
): Promise<Response> {
  const isSmall = /\bgzip\b/.test(c.req.header('accept-encoding') ?? '')
  const sent = isSmall ? await gzipped() : bytes
  const headers = {
    ...pageHeaders,
    'content-type': type,
    'content-length': String(sent.byteLength),
    'cache-control': cacheControl,
    vary: 'accept-encoding',
    ...(isSmall ? { 'content-encoding': 'gzip' } : {}),
  }
  return c.body(streamShared(sent), 200, headers)
}

/**
 * The cookie comes with requests that other sites cause, too. Browsers keep the answer from them; this
 * one is not even made. `none` is somebody who typed the address.
 *
 * @see https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header
 */
export function refuseOtherSites(c: PageContext): void {
  const site = c.req.header('sec-fetch-site')
  if (site === undefined || site === 'same-origin' || site === 'none') return
  throw new AccessError('origin-not-allowed', 'another site made this request', {
    hint: 'open the page of this gateway',
  })
}
