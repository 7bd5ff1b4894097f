import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { lingerOnClose } from '../../net/linger.ts'
import { printable } from '../../terminal-text.ts'
import { parseCallback, type CallbackAnswer } from '../../tunnel/sign-in.ts'
import { renderCallbackPage, type SignedInAs } from './callback-page.ts'

// `import … from 'node:http'` reads every export, and with them Node's whole fetch (40 ms).
const { createServer } = process.getBuiltinModule('node:http')

/** Waits on loopback for the last redirect of a sign-in. */
export interface CallbackServer extends AsyncDisposable {
  /** Where the browser is to end up: `http://127.0.0.1:PORT/UNGUESSABLE`. */
  readonly redirectUri: string
  /** The one answer. Never rejects; waits for ever. */
  readonly answer: Promise<CallbackAnswer>
}

/** Random bytes in the path: no page can guess it and slip us a session of somebody else. */
const pathBytes = 32
/**
 * Longest form that is read, in bytes.
 *
 * @limit the form by which a browser brings the answer of a sign-in: it is not read, and the
 * client waits on
 */
const maxFormBytes = 64 * 1024
/**
 * Time for one whole request, in milliseconds.
 *
 * @limit time for one request of the browser that brings the answer of a sign-in: its connection
 * is closed
 */
const requestTimeoutMs = 15_000
/**
 * @limit connections of browsers that bring the answer of a sign-in: further ones are closed
 */
const maxConnections = 32

/**
 * Listens on a loopback port for one answer, as a query or as a posted form; every other request gets
 * 404, and so does a second answer. With `again`, an earlier `redirectUri`, it listens there once more:
 * rejects when that is no address of ours or somebody else listens there.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8252#section-7.3
 */
export async function startCallbackServer(again?: string): Promise<CallbackServer> {
  const { port: wantedPort, path } = again === undefined ? newPlace() : placeOf(again)
  const { promise: answer, resolve } = Promise.withResolvers<CallbackAnswer>()
  let isAnswered = false

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const fields = await readFields(request, path)
    const found = fields === undefined || isAnswered ? undefined : parseCallback(fields)
    // Reading a form takes a moment, in which another request may have brought the answer.
    if (found === undefined || isAnswered) {
      response
        .writeHead(404, { 'content-type': 'text/plain', connection: 'close' })
        .end('not found\n')
      return
    }
    isAnswered = true
    sendPage(response, found)
    // Only when the page is out: the process may end as soon as it has its answer.
    response.once('close', () => resolve(found))
  }

  const server = createServer({ requestTimeout: requestTimeoutMs }, (request, response) => {
    serve(request, response).catch(() => response.destroy())
  })
  lingerOnClose(server)
  server.maxConnections = maxConnections
  server.listen(wantedPort, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    redirectUri: `http://127.0.0.1:${port}${path}`,
    answer,
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      await Promise.resolve()
    },
  }
}

interface Place {
  /** 0 for one that the system chooses. */
  readonly port: number
  readonly path: string
}

function newPlace(): Place {
  return { port: 0, path: `/${randomBytes(pathBytes).toString('base64url')}` }
}

function placeOf(redirectUri: string): Place {
  const [, port, path = ''] =
    /^http:\/\/127\.0\.0\.1:(\d{1,5})(\/[\w-]{43})$/.exec(redirectUri) ?? []
  if (port === undefined || Number(port) > 65_535) throw new Error(`"${redirectUri}" is not ours`)
  return { port: Number(port), path }
}

/** The fields of a request to our path; undefined for any other request. */
async function readFields(
  request: IncomingMessage,
  path: string,
): Promise<URLSearchParams | undefined> {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1')
  if (url.pathname !== path) return undefined
  if (request.method === 'GET') return url.searchParams
  return request.method === 'POST' ? readForm(request) : undefined
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams | undefined> {
  const chunks: Buffer[] = []
  let totalBytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    totalBytes += chunk.length
    if (totalBytes > maxFormBytes) return undefined
    chunks.push(chunk)
  }
  return new URLSearchParams(Buffer.concat(chunks).toString())
}

/** @limit none: characters of a name that the page at the end of a sign-in shows */
const maxShownLength = 200

/** Nothing where the other side does not say both. */
function signedInOf(answer: CallbackAnswer): SignedInAs | undefined {
  if (answer.kind !== 'code') return undefined
  const [person, gateway] = [answer.person, answer.gateway].map((text = '') =>
    printable(text).slice(0, maxShownLength),
  )
  return person && gateway ? { person, gateway } : undefined
}

function sendPage(response: ServerResponse, answer: CallbackAnswer): void {
  const problem =
    answer.kind === 'error' ? printable(answer.description) || printable(answer.error) : undefined
  const nonce = randomBytes(16).toString('base64url')
  const page = renderCallbackPage(nonce, problem, signedInOf(answer))
  response.writeHead(200, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': page.policy,
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    connection: 'close',
  })
  response.end(page.html)
}
