import type { Socket } from 'node:net'
import { version } from '../../version.ts'
import { connectMethod } from '../../net/target.ts'

const { request } = process.getBuiltinModule('node:http')

/**
 * Time for the proxy's answer, in milliseconds: it dials the gateway meanwhile.
 *
 * @limit time for the answer of a corporate proxy: an error that names the proxy
 */
const answerTimeoutMs = 30_000
/**
 * Longest head of its answer, in bytes.
 *
 * @limit the head of the answer of a corporate proxy: an error that names the proxy
 */
const maxHeadBytes = 16 * 1024

/** A connection through the proxy, or the status by which it refused one. */
export type ProxyAnswer =
  | { readonly socket: Socket; readonly status?: never }
  | { readonly socket?: never; readonly status: number }

/**
 * Asks an HTTP proxy on `socket` for a connection to `target`. The connection becomes the way there, or
 * is gone. Rejects with an `Error` whose message goes on after the proxy's name.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-9.3.6
 */
export function askProxy(
  socket: Socket,
  target: string,
  authorization: string | undefined,
  signal: AbortSignal | undefined,
): Promise<ProxyAnswer> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      clearTimeout(timer)
      socket.destroy()
      reject(error)
    }
    const timer = setTimeout(() => fail(new Error('did not answer in time')), answerTimeoutMs)
    const outgoing = request({
      createConnection: () => socket,
      method: connectMethod,
      path: target,
      maxHeaderSize: maxHeadBytes,
      headers: {
        host: target,
        'user-agent': `postern/${version}`,
        ...(authorization === undefined ? {} : { 'proxy-authorization': authorization }),
      },
      signal,
    })
    outgoing.on('error', (cause) => {
      fail(new Error(`gave no answer: ${cause.message}`, { cause }))
    })
    outgoing.on('connect', ({ statusCode: status = 0 }, stream, head) => {
      clearTimeout(timer)
      if (status >= 200 && status < 300) {
        if (head.length > 0) stream.unshift(head)
        resolve({ socket })
      } else {
        socket.destroy()
        resolve({ status })
      }
    })
    outgoing.end()
  })
}
