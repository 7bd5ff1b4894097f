import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'

/** Long for a gateway on the same machine, in milliseconds. */
const answerTimeoutMs = 10_000

/** A `fetch` that believes an authority of its own, for what this provider says to others by itself. */
export async function post(
  url: string,
  init: RequestInit,
  ca: string | undefined,
): Promise<Response> {
  const { protocol } = new URL(url)
  const request = protocol === 'https:' ? httpsRequest : httpRequest
  const sent = request(url, {
    method: init.method ?? 'GET',
    headers: Object.fromEntries(new Headers(init.headers)),
    agent: false,
    timeout: answerTimeoutMs,
    ...(ca !== undefined && { ca }),
  })
  sent.on('timeout', () => sent.destroy(new Error(`no answer from "${url}"`)))
  sent.end(init.body instanceof URLSearchParams ? init.body.toString() : undefined)
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  const body = Buffer.concat((await answer.toArray()) as Buffer[])
  return new Response(body.length > 0 ? body : null, { status: answer.statusCode ?? 500 })
}
