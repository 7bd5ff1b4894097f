import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { testApiParts } from '../../../src/console/api/api.fixture.ts'
import { loadPages } from '../../../src/console/pages.ts'
import { ensurePagesBuilt } from '../pages-built.ts'
import { openChromium, type Chromium } from '../peers/chromium.ts'
import type { Scope } from '../scope.ts'

/** Answers one path of the API; undefined for what nobody answers, and the browser waits. */
export type Answer = (url: URL, request: Request) => Response | Promise<Response>

/** The console's own pages with an API that says what a test wants: states that no real gateway keeps still in. */
export interface FakeGateway {
  readonly origin: string
  readonly browser: Chromium
  /** Answers a path below `/api/v1` from now on, such as `/sessions`. */
  answer(path: string, answer: Answer): void
  /** What was asked for, such as `DELETE /tunnels/q1`. */
  readonly asked: readonly string[]
  /** Answers nobody any more; connections are refused. */
  stop(): Promise<void>
  start(): Promise<void>
}

export async function startFakeGateway(
  scope: Scope,
  answers: Readonly<Record<string, Answer>>,
): Promise<FakeGateway> {
  ensurePagesBuilt()
  const byPath = new Map(Object.entries(answers))
  const asked: string[] = []
  let serve: (request: Request) => Response | Promise<Response> = () => new Response()
  const listener = getRequestListener((request) => serve(request))
  const server = createServer((request, response) => void listener(request, response))
  const listen = async (port: number): Promise<void> => {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
  }
  const stop = async (): Promise<void> => {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }
  await listen(0)
  scope.defer(stop)
  const { port } = server.address() as AddressInfo
  const origin = `http://localhost:${port}`

  const create = await loadPages()
  const { app } = create(testApiParts({ origin: new URL(origin) }))
  serve = (request) => {
    const url = new URL(request.url)
    const path = url.pathname.replace(/^\/api\/v1/, '')
    if (path === url.pathname)
      return app.fetch(request, { requestId: 'r', client: { ip: '::1', endpoints: undefined } })
    asked.push(`${request.method} ${path}`)
    return byPath.get(path)?.(url, request) ?? notThere()
  }
  return {
    origin,
    browser: await openChromium(scope),
    answer: (path, answer) => void byPath.set(path, answer),
    asked,
    stop,
    start: () => listen(port),
  }
}

function notThere(): Response {
  return fault(404, { error: 'endpoint_not_found', message: 'there is no such endpoint' })
}

export function fault(
  status: number,
  body: { readonly error: string; readonly message: string; readonly hint?: string },
): Response {
  return Response.json({ ...body, request_id: 'req-1' }, { status })
}
