import { addressKey, hostOfAuthority } from '../address.ts'
import type { CheckedFile } from '../downloads/checked-file.ts'
import { checksumsName, formatChecksums } from '../downloads/checksums.ts'
import type { Downloads, Offer } from '../downloads/downloads.ts'
import type { HandOut } from '../downloads/hand-out.ts'
import { installPowerShell } from '../downloads/install-power-shell.ts'
import { installScript } from '../downloads/install-script.ts'
import { gatewayPaths } from '../tunnel/paths.ts'
import { createPageApp, sendRefusal, type PageApp, type PageContext } from './answers/page-app.ts'
import type { Refusal } from './answers/refusal.ts'
import { parseRange } from './byte-range.ts'

export interface DownloadPagesParts {
  readonly downloads: Pick<Downloads, 'offer'>
  readonly handOut: HandOut
  /** The gateway's own; undefined where nobody can sign in. */
  readonly origin: URL | undefined
}

const headers = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
} as const

/**
 * The executables of `downloads`, to everybody who reaches the port: whoever installs one has not signed in yet, and
 * they hold no secret. A name that somebody asks for is looked up among those that were checked, and opens nothing.
 */
export function createDownloadPages({ downloads, handOut, origin }: DownloadPagesParts): PageApp {
  const app = createPageApp()
  app.get(`${gatewayPaths.downloads}*`, async (c) => {
    const name = c.req.path.slice(gatewayPaths.downloads.length)
    const offer = await downloads.offer()
    if (name === checksumsName && offer.files.size > 0)
      return sendText(c, formatChecksums(offer.files.values()))
    const file = offer.files.get(name)
    return file === undefined ? sendRefusal(c, notFound(offer)) : sendFile(c, handOut, file)
  })
  const scripts = [
    [gatewayPaths.installScript, installScript],
    [gatewayPaths.installPowerShell, installPowerShell],
  ] as const
  for (const [path, scriptOf] of scripts) {
    app.get(path, async (c) => {
      const offer = await downloads.offer()
      const gateway = origin?.origin ?? originOf(c)
      if (offer.executables.length === 0 || gateway === undefined)
        return sendRefusal(c, notFound(offer))
      const filesUrl = `${gateway}${gatewayPaths.downloads}`
      return sendText(c, scriptOf({ gateway, filesUrl, executables: offer.executables }))
    })
  }
  return app
}

/** Where this request came, when that is a host and a port: it is written into a script. */
function originOf(c: PageContext): string | undefined {
  const { host, origin } = new URL(c.req.url)
  return hostOfAuthority(host) === undefined ? undefined : origin.replace(/^http:/, 'https:')
}

function sendText(c: PageContext, text: string): Response {
  return c.text(text, 200, { ...headers, 'cache-control': 'no-store' })
}

function sendFile(c: PageContext, handOut: HandOut, file: CheckedFile): Response {
  const { bytes, name } = file
  const etag = `"${file.sha256}"`
  const about = { ...headers, etag, 'accept-ranges': 'bytes', 'cache-control': 'no-cache' }
  if (c.req.header('if-none-match') === etag) return c.body(null, 304, about)
  const isOfThis = (c.req.header('if-range') ?? etag) === etag
  const range = parseRange(isOfThis ? c.req.header('range') : undefined, bytes)
  if (range === 'beyond')
    return c.body(null, 416, { ...about, 'content-range': `bytes */${bytes}` })
  const { from, to } = range ?? { from: 0, to: bytes }
  const details = {
    ...about,
    'content-type': 'application/octet-stream',
    'content-length': String(to - from),
    'content-disposition': `attachment; filename="${name}"`,
    ...(range && { 'content-range': `bytes ${from}-${to - 1}/${bytes}` }),
  }
  const status = range === undefined ? 200 : 206
  if (c.req.method === 'HEAD') return c.body(null, status, details)
  const body = handOut.begin({ file, from, to, address: addressKey(c.env.client.ip) })
  return body === undefined ? sendRefusal(c, crowded) : c.body(body, status, details)
}

function notFound({ page, executables }: Offer): Refusal {
  return {
    status: 404,
    code: 'download_not_found',
    message: 'this gateway hands out no such file',
    next:
      page === undefined
        ? `look at the start page of this gateway${executables.length > 0 ? ', which has the files there are' : ', or ask whoever runs it how to get Postern'}`
        : `get Postern at ${page}`,
    reasons: [],
  }
}

const crowded: Refusal = {
  status: 503,
  code: 'too_many_downloads',
  message: 'as many downloads are under way as there may be',
  next: 'try again in a moment',
  reasons: [],
  retryAfterSeconds: 10,
}
