import { Hono, type Context } from 'hono'
import { AccessError } from '../errors.ts'
import type { CreatePages, PageApp, PageRequest, PagesParts } from '../gateway/parts.ts'
import {
  builtDirectory,
  readBuiltFiles,
  streamShared,
  type BuiltFile,
  type BuiltFiles,
} from './built-files.ts'
import { viewPortal } from './view-portal.ts'

type PageContext = Context<{ Bindings: PageRequest }>

/** Where the page's own files are; as in `scripts/build-web.mjs`. */
const filesPath = '/.postern/portal/'
/** As in `src/web/portal/use-portal.ts`. */
const viewPath = '/.postern/api/v1/portal'

/**
 * Sent with the page and its files. Scripts and styles are files of ours: nothing inline runs, nothing
 * comes from elsewhere, and no script turns text into markup.
 */
export const portalHeaders: Readonly<Record<string, string>> = {
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

/**
 * Reads the portal's build and answers what makes its pages. Where there is no build, that says so in
 * the gateway's log and makes none: a plain page stands in.
 */
export async function loadPortal(directory = builtDirectory('portal')): Promise<CreatePages> {
  const files = await readBuiltFiles(directory)
  return (parts) => {
    if (files !== undefined) return createPortal(files, parts)
    parts.logger.warn('the portal is not built, a plain page is shown instead', {
      directory,
      hint: 'run "npm run build"',
    })
    return undefined
  }
}

/** The portal: one page, its files, and what it shows as JSON. */
function createPortal(files: BuiltFiles, parts: PagesParts): PageApp {
  const { origin } = parts
  const app: PageApp = new Hono()
  // A route's name may lead to this port as well; there the gateway's plain page answers.
  const isOurs = (c: PageContext): boolean =>
    origin === undefined || new URL(c.req.url).host === origin.host

  app.get('/', (c, next) => {
    const index = files.get('index.html')
    return isOurs(c) && index !== undefined ? send(c, index, 'no-store') : next()
  })
  app.get(`${filesPath}*`, (c, next) => {
    const file = files.get(c.req.path.slice(filesPath.length))
    // Its name changes with its content.
    const cacheControl = 'public, max-age=31536000, immutable'
    return isOurs(c) && file !== undefined ? send(c, file, cacheControl) : next()
  })
  app.get(viewPath, async (c, next) => {
    if (!isOurs(c)) return next()
    refuseOtherSites(c)
    const session = await parts.sessionOf(c.req.header('cookie'))
    const gateway = origin?.origin ?? `https://${new URL(c.req.url).host}`
    const view = viewPortal(parts, { session, client: c.env.client, gateway }, Date.now())
    return c.json(view, 200, { ...portalHeaders, 'cache-control': 'no-store' })
  })
  return app
}

function send(c: PageContext, { type, bytes, gzipped }: BuiltFile, cacheControl: string): Response {
  const isSmall = /\bgzip\b/.test(c.req.header('accept-encoding') ?? '')
  const sent = isSmall ? gzipped : bytes
  const headers = {
    ...portalHeaders,
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
function refuseOtherSites(c: PageContext): void {
  const site = c.req.header('sec-fetch-site')
  if (site === undefined || site === 'same-origin' || site === 'none') return
  throw new AccessError('origin-not-allowed', 'another site made this request', {
    hint: 'open the page of this gateway',
  })
}
