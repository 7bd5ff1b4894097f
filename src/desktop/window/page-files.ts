import { randomBytes } from 'node:crypto'
import { streamShared, type BuiltFile, type BuiltFiles } from '../../built-files.ts'

/**
 * Sent with every answer. Scripts and styles are files of ours: nothing inline runs, nothing comes from elsewhere, no
 * script turns text into markup; nobody frames the page, holds a handle on its window, or has its process.
 */
export const answerHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'origin-agent-cluster': '?1',
  // Another program may have the port tomorrow, or had it yesterday.
  'cache-control': 'no-store',
}

export interface PageFiles {
  /** Undefined where there is none at this path. */
  file(path: string, acceptsGzip: boolean): Promise<Response> | undefined
  /** The page, whichever of its views is asked for. */
  show(): Response
}

/** Where a build has its scripts and styles. */
const assets = 'assets/'

/**
 * The page with the secret of this run (`HelloAnswer`), its manifest and icons, and below a path that is another one in
 * each run its scripts and styles. A program that had the port while the daemon was away may have left any file in a
 * browser's cache, for a year: under a name that it could not know none of them takes the place of ours.
 */
export function createPageFiles(files: BuiltFiles | undefined, run: string): PageFiles {
  const index = files?.get('index.html')
  const below = `/${randomBytes(24).toString('base64url')}/`
  const page = index === undefined ? notBuilt : pageOf(index, run, below)
  return {
    file(path, acceptsGzip) {
      const name = path.startsWith(below) ? path.slice(below.length) : path.slice(1)
      const file = path.startsWith(below) === name.startsWith(assets) ? files?.get(name) : undefined
      return file === undefined || file === index ? undefined : answerOf(file, acceptsGzip)
    },
    show: () => new Response(page.body, { status: page.status, headers: page.headers }),
  }
}

/** Files have an ending. Which view it is, the page finds out. */
export function isView(path: string): boolean {
  return !/\.[^/]*$/.test(path)
}

interface Page {
  readonly body: string
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
}

const notBuilt: Page = {
  body: 'The window is not built: run "npm run build".\n',
  status: 503,
  headers: { 'content-type': 'text/plain; charset=UTF-8' },
}

/** As `scripts/build-web.mjs` writes addresses: relative to the page, so that scripts find each other at any path. */
function pageOf({ bytes, type }: BuiltFile, run: string, below: string): Page {
  const html = new TextDecoder().decode(bytes)
  const body = html
    .replaceAll(`="./${assets}`, `="${below}${assets}`)
    .replaceAll('="./', '="/')
    .replace('<head>', `<head><meta name="postern-run" content="${run}" />`)
  return { body, status: 200, headers: { 'content-type': type } }
}

async function answerOf(
  { type, bytes, gzipped }: BuiltFile,
  acceptsGzip: boolean,
): Promise<Response> {
  const sent = acceptsGzip ? await gzipped() : bytes
  const headers = {
    'content-type': type,
    'content-length': String(sent.byteLength),
    ...(acceptsGzip && { 'content-encoding': 'gzip' }),
  }
  return new Response(streamShared(sent), { headers })
}

/**
 * Answers a browser that looks for the newest form of a service worker at this address. The page has none: whoever had
 * the port before has left it there, and it would stand between the browser and us. It takes itself away, and with it
 * the browser's proof, which a script beside it may have used.
 *
 * @see https://w3c.github.io/ServiceWorker/#update-algorithm
 */
export const lastServiceWorker = `addEventListener('install', () => skipWaiting())
addEventListener('activate', (event) => event.waitUntil(leave()))
async function leave() {
  indexedDB.deleteDatabase('postern-desktop')
  for (const name of await caches.keys()) await caches.delete(name)
  await registration.unregister()
  for (const client of await clients.matchAll({ type: 'window', includeUncontrolled: true })) await client.navigate('/')
}
`
