import type { Socket } from 'node:net'
import { version } from '../version.ts'
import { requestConnect } from '../net/request-connect.ts'

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
    const asked = requestConnect(socket, {
      authority: target,
      fields: {
        'user-agent': `postern/${version}`,
        ...(authorization === undefined ? {} : { 'proxy-authorization': authorization }),
      },
      maxHeadBytes,
      signal,
    })
    asked.then(
      ({ statusCode: status = 0 }) => {
        clearTimeout(timer)
        if (status >= 200 && status < 300) return resolve({ socket })
        socket.destroy()
        resolve({ status })
      },
      (cause: Error) => fail(new Error(`gave no answer: ${cause.message}`, { cause })),
    )
  })
}
