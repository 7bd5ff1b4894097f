import { subscribe } from 'node:diagnostics_channel'
import { fromAddress, fromFields, isText, maxPageBytes, type HttpWatcher } from './messages.ts'

/** As Undici tells it: header fields are a list of names and values in turn. */
interface Request {
  readonly origin: string | URL
  readonly path: string
  readonly headers: readonly string[]
}

interface Page {
  readonly chunks: Uint8Array[]
  leftBytes: number
}

/** Follows what this process asks by `fetch`, which goes by none of the channels of `node:http`, and what it is answered. */
export function watchFetch(watcher: HttpWatcher): void {
  const pages = new WeakMap<Request, Page>()
  subscribe('undici:request:headers', (message) => {
    const { request, response } = message as {
      request: Request
      response: { headers: readonly Buffer[] }
    }
    const answered = fieldsOf(response.headers.map(String))
    fromAddress(request.path, watcher)
    fromFields(fieldsOf(request.headers), watcher)
    fromFields(answered, watcher)
    if (isText(answered['content-type']?.[0]))
      pages.set(request, { chunks: [], leftBytes: maxPageBytes })
  })
  subscribe('undici:request:bodyChunkReceived', (message) => {
    const { request, chunk } = message as { request: Request; chunk: Uint8Array }
    const page = pages.get(request)
    if (page === undefined || page.leftBytes <= 0) return
    page.chunks.push(Uint8Array.from(chunk))
    page.leftBytes -= chunk.length
  })
  // Of every answer, whether it has trailers or not.
  subscribe('undici:request:trailers', (message) => {
    const { request } = message as { request: Request }
    const page = pages.get(request)
    if (page === undefined) return
    watcher.page(`${String(request.origin)}${request.path}`, Buffer.concat(page.chunks).toString())
  })
}

function fieldsOf(list: readonly string[]): Readonly<Record<string, string[]>> {
  const fields: Record<string, string[]> = {}
  for (let at = 0; at + 1 < list.length; at += 2)
    (fields[(list[at] ?? '').toLowerCase()] ??= []).push(list[at + 1] ?? '')
  return fields
}
