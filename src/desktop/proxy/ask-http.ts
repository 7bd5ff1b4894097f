import { STATUS_CODES, createServer, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { formatAuthority, parseAuthority } from '../../address.ts'
import { AccessError, PeerError } from '../../errors.ts'
import { endInOrder } from '../../net/linger.ts'
import { httpFaultOf } from '../../net/runtime.ts'
import { connectMethod } from '../../net/target.ts'
import type { AskOptions, Asked } from './asked.ts'
import { slowDown } from './handshakes.ts'
import type { CheckPassword } from './proxy-password.ts'
import { refusalOf } from './refusal-of.ts'

/**
 * Longest head of a request, in bytes.
 *
 * @limit the head of a request to the local proxy: 431, and its connection is closed
 */
const maxHeadBytes = 16 * 1024
/**
 * Longest reason phrase, in characters.
 *
 * @limit none: the body has the whole sentence
 */
const maxReasonChars = 200

/** Asks a program by HTTP/1.1 what it wants. */
export type AskByHttp = (socket: Socket, options: AskOptions) => Promise<Asked>

interface Waiting {
  readonly take: (request: IncomingMessage) => void
  readonly fail: (error: Error) => void
}

/**
 * Makes what speaks HTTP with programs: a connection has one request, CONNECT with the password (RFC 9110 §9.3.6). A
 * web page can have a browser send all others, so none of these has an effect, or an answer that a page may read; and
 * what stands behind one is no request. What came behind the head of CONNECT stays in the connection.
 *
 * What it makes throws PeerError `not-connect` or `malformed-request`, or AccessError `proxy-password-…`; the program
 * has been told.
 */
export function createHttpAsker(): AskByHttp {
  const waiting = new Map<Duplex, Waiting>()
  // It serves what it is given, and listens nowhere; how long a request may take is decided elsewhere.
  const server = createServer({
    maxHeaderSize: maxHeadBytes,
    insecureHTTPParser: false,
    // By itself Node would answer whoever leaves it out.
    requireHostHeader: false,
  })
  server.on('connect', (request, socket, head: Buffer) => {
    const take = waiting.get(socket)?.take
    // Behind another request it is none.
    if (take === undefined) return
    if (head.length > 0) socket.unshift(head)
    take(request)
  })
  const refuse = (request: IncomingMessage): void => {
    const { socket, method } = request
    const fail = waiting.get(socket)?.fail
    if (fail === undefined) return
    end(socket, {
      status: 405,
      headers: { Allow: connectMethod },
      body: method === 'HEAD' ? '' : help,
    })
    fail(new PeerError('not-connect', `the other end sent "${method}", and not CONNECT`))
  }
  server.on('request', refuse).on('checkContinue', refuse).on('checkExpectation', refuse)
  server.on('clientError', (error, socket) => {
    const fail = waiting.get(socket)?.fail
    if (fail === undefined) return
    const status = httpFaultOf(error) === 'head-too-large' ? 431 : 400
    end(socket as Socket, { status, body: help })
    fail(new PeerError('malformed-request', 'the other end sent no request that can be read'))
  })

  function read(socket: Socket, signal: AbortSignal): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const release = (): void => {
        waiting.delete(socket)
        socket.off('close', onClose)
        signal.removeEventListener('abort', onAbort)
      }
      const fail = (error: Error): void => {
        release()
        reject(error)
      }
      const malformed = (why: string): void =>
        fail(new PeerError('malformed-request', `the other end ${why}`))
      const onClose = (): void => malformed('has ended before it said what it wants')
      const onAbort = (): void => malformed(String(signal.reason))
      const take = (request: IncomingMessage): void => {
        release()
        resolve(request)
      }
      waiting.set(socket, { take, fail })
      socket.once('close', onClose)
      signal.addEventListener('abort', onAbort)
      server.emit('connection', socket)
    })
  }

  return async (socket, options) => {
    const request = await read(socket, options.signal)
    await authenticate(socket, request, options)
    const target = parseAuthority(request.url ?? '')
    if (target === undefined || hasContent(request)) {
      end(socket, { status: 400, body: help })
      throw new PeerError('malformed-request', 'the other end asks for what is no "host:port"')
    }
    return {
      authority: formatAuthority(target),
      accept: () => void socket.write('HTTP/1.1 200 Connection established\r\n\r\n'),
      refuse(error) {
        const { status, message, text } = refusalOf(error)
        end(socket, { status, reason: message, body: text })
      },
    }
  }
}

async function authenticate(
  socket: Socket,
  { headers }: IncomingMessage,
  { signal, checkPassword, wrongPasswordDelayMs }: AskOptions,
): Promise<void> {
  if (checkPassword === undefined) return
  const given = headers['proxy-authorization']
  if (given !== undefined && isRight(given, checkPassword)) return
  if (given !== undefined) await slowDown(wrongPasswordDelayMs, signal)
  const challenge = { 'Proxy-Authenticate': 'Basic realm="Postern", charset="UTF-8"' }
  end(socket, { status: 407, headers: challenge, body: passwordHelp })
  throw given === undefined
    ? new AccessError('proxy-password-missing', 'the other end gave no password')
    : new AccessError('proxy-password-wrong', 'the other end gave a wrong password')
}

/** RFC 7617: user and password, the first colon between them. */
function isRight(given: string, check: CheckPassword): boolean {
  const [, encoded] = /^basic +([\w+/-]+=*) *$/i.exec(given) ?? []
  if (encoded === undefined) return false
  const pair = Buffer.from(encoded, 'base64')
  const colon = pair.indexOf(':')
  return colon >= 0 && check(pair.subarray(0, colon), pair.subarray(colon + 1))
}

/** CONNECT has none (RFC 9110 §9.3.6): two readers would disagree about where the tunnel begins. */
function hasContent({ headers }: IncomingMessage): boolean {
  const { 'content-length': length = '0', 'transfer-encoding': encoding } = headers
  return length !== '0' || encoding !== undefined
}

interface Answer {
  readonly status: number
  readonly reason?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string
}

/** Writes a last answer. A browser shows it as text, keeps nothing of it, and lets no page read it. */
function end(socket: Socket, { status, reason, headers = {}, body }: Answer): void {
  const fields = {
    ...headers,
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': String(Buffer.byteLength(body)),
    'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
    'X-Content-Type-Options': 'nosniff',
    'Cache-Control': 'no-store',
    Connection: 'close',
  }
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
  const phrase = reasonPhrase(reason ?? STATUS_CODES[status] ?? '')
  endInOrder(socket, `HTTP/1.1 ${status} ${phrase}\r\n${lines.join('')}\r\n${body}`)
}

/** Visible ASCII alone (RFC 9112 §4): it is the line that ends, and all that `nc` or `ssh` show of an answer. */
function reasonPhrase(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, maxReasonChars)
}

const help = `This is Postern's local proxy. It opens connections by CONNECT and by SOCKS 5, to routes of a gateway by their
name, and fetches no pages. Whatever takes "https://" addresses through an HTTP proxy works; for others, name it as
a SOCKS 5 proxy that looks names up itself ("socks5h://").
`

const passwordHelp = `Postern's local proxy wants its user and password: "http://USER:PASSWORD@HOST:PORT".
Both are shown where it was started.
`
