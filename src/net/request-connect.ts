import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { readOn, type ReadOn } from './read-on.ts'
import { connectMethod } from './target.ts'

// `import … from 'node:http'` reads every export, and with them Node's whole fetch (40 ms).
const { request } = process.getBuiltinModule('node:http')

export interface ConnectOptions {
  /** `host:port`. */
  readonly authority: string
  /** Fields besides `Host`. */
  readonly fields: Readonly<Record<string, string>>
  /** Longest head of an answer. **Default:** Node's own, 16 KiB */
  readonly maxHeadBytes?: number | undefined
  /** Leaves out the `Connection: close` that Node says: some proxies close after the answer. */
  readonly omitsConnection?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Answers before the one to CONNECT that only inform.
 *
 * @limit answers over HTTP/1.1 that come before the one to CONNECT: it counts as not answered
 */
const maxInformational = 16

/**
 * Sends a CONNECT on a connection that nobody else uses, and resolves to the answer to it. What follows
 * its head is the connection's: the tunnel's bytes, or the words of a refusal. Rejects with Node's own
 * error when no answer comes, and leaves the connection to whoever called.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-9.3.6
 */
export function requestConnect(socket: Socket, options: ConnectOptions): Promise<IncomingMessage> {
  const { authority, fields, maxHeadBytes, omitsConnection, signal } = options
  return new Promise((resolve, reject) => {
    function awaitAnswer(connection: Duplex, giveBack: ReadOn['giveBack'], left: number): void {
      const outgoing = request({
        // Node uses no agent, and this connection, only when no `agent` is named at all.
        createConnection: () => connection,
        method: connectMethod,
        path: authority,
        headers: { host: authority, ...fields },
        ...(maxHeadBytes === undefined ? {} : { maxHeaderSize: maxHeadBytes }),
        signal,
      })
      if (omitsConnection === true) outgoing.removeHeader('connection')
      outgoing.on('error', reject)
      outgoing.on('connect', (answer, _stream, head) => {
        giveBack(head)
        if (!isInformational(answer)) return resolve(answer)
        if (left === 0) return reject(new Error(`${maxInformational} answers, and none to CONNECT`))
        const rest = readOn(socket)
        awaitAnswer(rest.stream, rest.giveBack, left - 1)
      })
      outgoing.end()
    }

    const unshift = (head: Buffer): void => {
      if (head.length > 0) socket.unshift(head)
    }
    awaitAnswer(socket, unshift, maxInformational)
  })
}

function isInformational({ statusCode = 0 }: IncomingMessage): boolean {
  return statusCode >= 100 && statusCode < 200
}
