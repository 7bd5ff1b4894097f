import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { BuiltFiles } from '../../src/built-files.ts'
import { systemClock } from '../../src/clock.ts'
import {
  startWindowServer,
  type WindowServer,
  type WindowServerOptions,
} from '../../src/desktop/window/window-server.ts'
import { silentLogger } from '../../src/log.ts'
import { createSigner, type KeptProof, type Signer } from '../../src/web/desktop/proof/signer.ts'

/** The window's server with what stands in for the daemon, and time that a test moves. */
export interface WindowRig {
  readonly directory: string
  readonly server: WindowServer
  readonly host: string
  /** What the daemon was asked: method, path, body. */
  readonly asked: string[]
  /** Moves the clock of the window. */
  pass(ms: number): void
  /** Opens another browser. */
  browser(): Browser
  /** Ends the server, and starts it again with what it left. */
  restart(): Promise<WindowServer>
}

/** The page of one browser, without the page. */
export interface Browser extends Signer {
  /** Everything that it sent, the newest last. */
  readonly sent: {
    readonly path: string
    readonly headers: Record<string, string>
    readonly body: string
  }[]
  proof: KeptProof | undefined
  /** Signs a request, which is the newest of `sent`, and sends it nowhere. */
  prepare(path: string, init?: RequestInit): Promise<void>
  /** Comes in by a new code. */
  letIn(): Promise<void>
}

export async function startWindow(
  t: TestContext,
  more: Partial<WindowServerOptions> = {},
): Promise<WindowRig> {
  const directory = await mkdtemp(join(tmpdir(), 'postern-window-'))
  const asked: string[] = []
  let nowMs = 1_000_000
  const start = (): Promise<WindowServer> =>
    startWindowServer({
      directory,
      log: silentLogger,
      clock: systemClock,
      files: someFiles(),
      uptimeMs: () => nowMs,
      async app(request) {
        const { pathname, search } = new URL(request.url)
        asked.push(`${request.method} ${pathname}${search} ${await request.text()}`)
        return Response.json({ ok: true }, { headers: { 'access-control-allow-origin': '*' } })
      },
      ...more,
    })
  let server = await start()
  t.after(async () => {
    await server.close(0)
    await rm(directory, { recursive: true })
  })
  return {
    directory,
    asked,
    get server() {
      return server
    },
    get host() {
      return `127.0.0.1:${server.port}`
    },
    pass: (ms) => void (nowMs += ms),
    browser: () =>
      openBrowser(
        () => server,
        () => nowMs,
      ),
    async restart() {
      await server.close(0)
      return (server = await start())
    },
  }
}

function openBrowser(server: () => WindowServer, now: () => number): Browser {
  const sent: Browser['sent'] = []
  const store = {
    read: () => Promise.resolve(browser.proof),
    write: (proof: KeptProof) => Promise.resolve(void (browser.proof = proof)),
  }
  async function loadPage(): Promise<Signer> {
    const { origin } = server()
    return createSigner({
      origin,
      run: await runOf(server()),
      store,
      now,
      onStartedAnew: () => void (page = undefined),
      fetch: (input, init) => {
        const path = typeof input === 'string' ? input : ''
        const headers = new Headers(init?.headers)
        // As a browser does by itself.
        headers.set('origin', origin)
        const body = typeof init?.body === 'string' ? init.body : ''
        sent.push({ path, headers: Object.fromEntries(headers), body })
        return fetch(`${origin}${path}`, { ...init, headers })
      },
    })
  }
  let page: Promise<Signer> | undefined
  const browser: Browser = {
    sent,
    proof: undefined,
    fetch: async (path, init) => (await (page ??= loadPage())).fetch(path, init),
    enter: async (code, name) => (await (page ??= loadPage())).enter(code, name),
    prepare: (path, init) =>
      browser.fetch(path, { ...init, signal: AbortSignal.abort() }).then(
        () => undefined,
        () => undefined,
      ),
    letIn: () => browser.enter(codeOf(server()), 'Chrome on Linux'),
  }
  return browser
}

/** The secret of the run, as the page has it. */
export async function runOf({ origin }: WindowServer): Promise<string> {
  const page = await (await fetch(`${origin}/`)).text()
  return /<meta name="postern-run" content="([\w-]{32})" \/>/.exec(page)?.[1] ?? ''
}

/** A new one-time code. */
export function codeOf(server: WindowServer): string {
  return new URL(server.address().url).hash.slice('#code='.length)
}

/** Sends bytes as they are, and answers all that comes back. */
export function sendRaw(port: number, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    socket.setEncoding('latin1').on('data', (piece: string) => (answer += piece))
    socket.on('error', () => undefined).once('close', () => resolve(answer))
  })
}

/** A build with a page, a script and an icon. */
export function someFiles(
  html = '<head></head><link rel="icon" href="./icon.png"><script type="module" src="./assets/x.js"></script>',
): BuiltFiles {
  const file = (type: string, text: string) => {
    const bytes = new TextEncoder().encode(text)
    return { type, bytes, gzipped: () => Promise.resolve(bytes) }
  }
  return new Map([
    ['index.html', file('text/html; charset=UTF-8', html)],
    ['icon.png', file('image/png', '')],
    ['assets/x.js', file('text/javascript; charset=UTF-8', 'document.title = "window"')],
  ])
}
