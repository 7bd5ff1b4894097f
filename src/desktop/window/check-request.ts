import type { IncomingMessage } from 'node:http'
import { Refusal } from './refusal.ts'

/** Each stands in a request once at most; two of them are read differently by different programs. */
const singleFields = ['host', 'origin', 'authorization', 'content-length', 'sec-fetch-site']

const methods = ['GET', 'POST', 'PUT', 'DELETE']

/**
 * Refuses what no page of the window sends: under another name (DNS rebinding), from another page, or in a form that
 * two readers may understand in two ways. Browsers let no page set `Host`, `Origin` or `Sec-Fetch-…`.
 *
 * @throws Refusal
 * @see https://www.w3.org/TR/fetch-metadata/
 */
export function checkRequest(request: IncomingMessage, host: string): void {
  const { method = '', url = '', headers, rawHeaders } = request
  const names = rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase())
  if (singleFields.some((name) => names.filter((one) => one === name).length > 1)) throw malformed
  // Neither the absolute form, nor an authority, nor `*` (RFC 9112 §3.2).
  if (!/^\/(?!\/)[!-~]*$/.test(url) || headers['transfer-encoding'] !== undefined) throw malformed
  if (headers.host !== host) throw wrongHost
  if (!methods.includes(method))
    throw new Refusal(405, 'method-not-allowed', 'there is no such method')
  if (headers.origin !== undefined && headers.origin !== `http://${host}`) throw otherSite
  if (method !== 'GET' && headers.origin === undefined) throw otherSite
  checkSite(request)
}

/** The page itself may be asked for by whoever leads there: it has nothing to tell, and nobody may frame it. */
function checkSite({ method, headers }: IncomingMessage): void {
  const site = headers['sec-fetch-site']
  if (site === undefined || site === 'same-origin') return
  const isNavigation =
    method === 'GET' &&
    headers['sec-fetch-mode'] === 'navigate' &&
    headers['sec-fetch-dest'] === 'document'
  if (!isNavigation) throw otherSite
}

/**
 * Refuses the page to a script: it has the secret of the run. A page that another program has shown at this address may
 * be open, or in a cache, with this origin and all that it may; it cannot navigate without leaving.
 *
 * @throws Refusal
 */
export function checkVisit({ headers }: IncomingMessage): void {
  const dest = headers['sec-fetch-dest']
  if (dest !== undefined && dest !== 'document') throw otherSite
}

/**
 * Whether a service worker of the window's own origin is at work, which the page has none of: the browser asks for its
 * newest form, or it passes a visit on, or has the browser do that. Of other origins `checkRequest` refuses all of it.
 *
 * @see https://w3c.github.io/ServiceWorker/#update-algorithm
 * @see https://w3c.github.io/ServiceWorker/#service-worker-navigation-preload-header
 */
export function isByWorker({ headers }: IncomingMessage): 'its-script' | 'a-visit' | undefined {
  if (headers['service-worker'] !== undefined) return 'its-script'
  const isPassedOn =
    headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'empty'
  const isPreloaded = headers['service-worker-navigation-preload'] !== undefined
  return isPassedOn || isPreloaded ? 'a-visit' : undefined
}

/** Without the query. */
export function pathOf(target: string): string {
  return target.split('?', 1)[0] ?? ''
}

const malformed = new Refusal(400, 'malformed-request', 'this is no request of the window')
const wrongHost = new Refusal(
  421,
  'wrong-host',
  'the window is not at this address',
  'run "postern desktop"',
)
export const otherSite = new Refusal(
  403,
  'origin-not-allowed',
  'another page made this request',
  'run "postern desktop"',
)
