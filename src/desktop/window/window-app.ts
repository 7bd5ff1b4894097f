import { hash } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { z } from 'zod'
import type { Clock } from '../../clock.ts'
import { createLineLimit } from '../../line-limit.ts'
import type { Logger } from '../../log.ts'
import { printable } from '../../terminal-text.ts'
import type { EnterAnswer, HelloAnswer } from '../wire/proof.ts'
import type { Browsers } from './browsers.ts'
import { checkRequest, checkVisit, isByWorker, otherSite, pathOf } from './check-request.ts'
import type { Codes } from './codes.ts'
import type { OpenAnswers } from './open-answers.ts'
import { answerHeaders, isView, lastServiceWorker, type PageFiles } from './page-files.ts'
import { readBody } from './read-body.ts'
import { Refusal } from './refusal.ts'
import { createRequestProof, stranger } from './request-proof.ts'
import { createSeenNonces } from './seen-nonces.ts'
import type { OwnKey } from './signatures.ts'
import { helloText } from './signed-text.ts'

/** @limit bytes of what the window sends at once, as with an import: 413 */
const maxBodyBytes = 16 * 1024 * 1024
/** @limit bytes of the request by which a browser is let in: 413 */
const maxEnterBytes = 1024
/** @limit none: lines about service workers in a minute; the others are counted */
const maxIntrusionLines = 6

export interface WindowAppOptions {
  /** `http://127.0.0.1:PORT`. */
  readonly origin: string
  readonly run: string
  readonly uptimeMs: () => number
  readonly key: OwnKey
  readonly codes: Codes
  readonly browsers: Browsers
  readonly answers: OpenAnswers
  readonly page: PageFiles
  /** The daemon's calls, without `/api`. */
  readonly app: (request: Request) => Response | Promise<Response>
  readonly log: Logger
  readonly clock: Clock
}

/** Of the daemon's answers nothing else is passed on: no cookie, and no leave for other pages. */
const passedHeaders = ['content-type', 'content-disposition']

const enterInput = z.strictObject({ code: z.string().max(100), name: z.string().max(500) })

/** Answers the requests to the window: its page to whoever asks rightly, the daemon's calls to browsers that were let in. */
export function createWindowListener(options: WindowAppOptions): RequestListener {
  const { origin, run, uptimeMs, key, codes, browsers, answers, page, app, log, clock } = options
  const host = new URL(origin).host
  const runHash = hash('sha256', run, 'base64url')
  const seen = createSeenNonces(uptimeMs)
  const proof = createRequestProof({ origin, run, seen, isKnown: (id) => browsers.has(id) })
  const intrusions = createLineLimit(clock, maxIntrusionLines, (count) =>
    log.warn(`${count} more requests of what another program has left in a browser`),
  )

  function hello({ url = '' }: IncomingMessage): Response {
    const nonce = /\?nonce=([\w-]{22})$/.exec(url)?.[1]
    if (nonce === undefined) throw notFound
    const at = Math.floor(uptimeMs())
    const signature = key.sign(helloText({ origin, run: runHash, at: String(at), nonce }))
    return Response.json({ run: runHash, at, signature } satisfies HelloAnswer)
  }

  async function enter(request: IncomingMessage): Promise<Response> {
    const signer = proof.checkStranger(request)
    const body = await readBody(request, maxEnterBytes)
    signer.checkBody(body)
    const { code, name } = parseEnter(body)
    const taken = codes.take(code, signer.id)
    if (taken.kind === 'used-by-another') {
      log.warn('a code for the window was used twice: the browser that came first was put out')
      await browsers.remove(taken.id)
    }
    // Somebody who was put out does not come back by the code of before.
    const isIn = taken.kind === 'taken' || (taken.kind === 'taken-again' && browsers.has(signer.id))
    if (!isIn) throw codeRefused
    log.info(`let a browser in: ${printable(name)}`)
    await browsers.add(signer.id, printable(name).slice(0, 200))
    return Response.json({ daemon: key.publicKey } satisfies EnterAnswer)
  }

  async function call(request: IncomingMessage, outgoing: ServerResponse): Promise<Response> {
    const signer = proof.check(request)
    const body = await readBody(request, maxBodyBytes)
    signer.checkBody(body)
    // It may have been put out while its body came.
    if (!browsers.has(signer.id)) throw stranger
    browsers.use(signer.id)
    const path = pathOf(request.url ?? '').slice('/api'.length)
    const own = ownCall(request.method, path, signer.id)
    if (own !== undefined) return own
    answers.begin(signer.id, outgoing, path === '/events')
    return ask(request, body, outgoing)
  }

  /** What is about the browsers themselves; undefined for anything else. */
  function ownCall(
    method: string | undefined,
    path: string,
    id: string,
  ): Promise<Response> | undefined {
    if (method === 'GET' && path === '/browsers')
      return Promise.resolve(Response.json({ browsers: browsers.list(id) }))
    const other = /^\/browsers\/([\w-]{43})$/.exec(path)?.[1]
    return method === 'DELETE' && other !== undefined ? putOut(other) : undefined
  }

  async function putOut(id: string): Promise<Response> {
    if (!(await browsers.remove(id))) throw notFound
    return Response.json({ removed: [id] })
  }

  async function ask(
    { method = 'GET', url = '', headers }: IncomingMessage,
    body: Uint8Array<ArrayBuffer>,
    outgoing: ServerResponse,
  ): Promise<Response> {
    const type = headers['content-type']
    const gone = new AbortController()
    outgoing.once('close', () => gone.abort())
    const request = new Request(origin + url.slice('/api'.length), {
      method,
      headers: type === undefined ? {} : { 'content-type': type },
      signal: gone.signal,
      ...(method !== 'GET' && { body }),
    })
    const answer = await app(request)
    const passed = passedHeaders.flatMap((name) => {
      const value = answer.headers.get(name)
      return value === null ? [] : [[name, value] as [string, string]]
    })
    return new Response(answer.body, { status: answer.status, headers: passed })
  }

  /**
   * The page has no service worker: another program had the port, and has left one in a browser. It sees what the page
   * is answered and may have come in by itself, so that nobody is believed any more.
   */
  async function endIntrusion(): Promise<void> {
    if (intrusions.admits()) {
      const message =
        'another program had the address of the window, and has left something in a browser'
      log.warn(message, { hint: 'browsers are let in again by "postern desktop --new-address"' })
    }
    await Promise.all(browsers.list().map(({ id }) => browsers.remove(id)))
  }

  async function answer(request: IncomingMessage, outgoing: ServerResponse): Promise<Response> {
    checkRequest(request, host)
    const path = pathOf(request.url ?? '')
    const byWorker = isByWorker(request)
    if (byWorker !== undefined) await endIntrusion()
    if (byWorker === 'its-script') return new Response(lastServiceWorker, { headers: scriptType })
    if (byWorker === 'a-visit') throw otherSite
    if (path === '/api' || path.startsWith('/api/')) return call(request, outgoing)
    if (request.method === 'POST' && path === '/enter') return enter(request)
    if (request.method !== 'GET') throw notFound
    if (path === '/hello') return hello(request)
    const acceptsGzip = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '')
    const file = page.file(path, acceptsGzip)
    if (file !== undefined) return file
    if (!isView(path)) throw notFound
    checkVisit(request)
    return page.show()
  }

  const send = getRequestListener(
    (_request, { incoming, outgoing }) =>
      answer(incoming as IncomingMessage, outgoing as ServerResponse).catch((error: unknown) =>
        refuse(error, log),
      ),
    { overrideGlobalObjects: false },
  )
  return (request, outgoing) => {
    for (const [name, value] of Object.entries(answerHeaders)) outgoing.setHeader(name, value)
    void send(request, outgoing)
  }
}

function parseEnter(body: Uint8Array): z.output<typeof enterInput> {
  try {
    return enterInput.parse(JSON.parse(new TextDecoder().decode(body)))
  } catch {
    throw codeRefused
  }
}

function refuse(error: unknown, log: Logger): Response {
  if (error instanceof Refusal) return Response.json(error.fault, { status: error.status })
  log.error('the window was not answered', { error })
  const fault = { code: 'internal', message: 'postern failed at this', hint: 'see "postern logs"' }
  return Response.json(fault, { status: 500 })
}

const scriptType = { 'content-type': 'text/javascript' }

const notFound = new Refusal(404, 'not-found', 'there is nothing at this address')
const codeRefused = new Refusal(
  403,
  'code-refused',
  'this address has let a browser in already, or is older than a minute',
  'run "postern desktop" again',
)
