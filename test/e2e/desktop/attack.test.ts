import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe } from 'node:test'
import type { Page } from 'playwright-core'
import { builtDirectory, readBuiltFiles } from '../../../src/built-files.ts'
import { systemClock } from '../../../src/clock.ts'
import { startWindowServer, type WindowServer } from '../../../src/desktop/window/window-server.ts'
import { silentLogger } from '../../../src/log.ts'
import { ensurePagesBuilt } from '../pages-built.ts'
import { peerTest } from '../peers.ts'
import { openWholeChromium } from '../peers/chromium.ts'
import type { Scope } from '../scope.ts'

// What pages of other programs on this machine can do to the window of Postern Desktop in a real browser.

interface Opened {
  readonly server: WindowServer
  /** What the daemon was asked by browsers that were let in. */
  readonly asked: string[]
  /** Starts the server again, once `meanwhile` is done. */
  restart(meanwhile?: () => Promise<void>): Promise<void>
}

const state = {
  version: '0',
  pid: 1,
  started_at: '2026-01-01T00:00:00Z',
  connections: [],
  gateways: [],
  proxies: [],
  notices: [],
}

/** The window's server with its real page, and a daemon that has nothing to show. */
async function startWindow(scope: Scope): Promise<Opened> {
  ensurePagesBuilt()
  const files = await readBuiltFiles(builtDirectory('desktop'))
  const asked: string[] = []
  const app = (request: Request): Response => {
    const { pathname } = new URL(request.url)
    asked.push(`${request.method} ${pathname}`)
    if (pathname === '/state') return Response.json(state)
    if (pathname !== '/events') return Response.json({})
    const line = new TextEncoder().encode(`${JSON.stringify({ kind: 'state', state })}\n`)
    return new Response(new ReadableStream({ start: (controller) => controller.enqueue(line) }))
  }
  const { directory } = scope
  const start = (): Promise<WindowServer> =>
    startWindowServer({ directory, files, log: silentLogger, clock: systemClock, app })
  let server = await start()
  scope.defer(() => server.close(0))
  return {
    asked,
    get server() {
      return server
    },
    async restart(meanwhile) {
      await server.close(0)
      await meanwhile?.()
      server = await start()
    },
  }
}

/** Waits until the page has the daemon's events. */
async function isShown(page: Page, { server }: Opened): Promise<void> {
  const { origin } = server
  await page.waitForResponse((answer) => answer.url() === `${origin}/api/events` && answer.ok())
}

/** The same at an address of the window. */
async function show(page: Page, opened: Opened, address: string): Promise<void> {
  const shown = isShown(page, opened)
  await page.goto(address)
  await shown
}

const script = (name: string): string => readFileSync(join(import.meta.dirname, name), 'utf8')

/** A program of this machine that answers browsers with files of ours, and hears all that they send. */
async function startOther(scope: Scope, host: string, port: number, files: Record<string, string>) {
  const heard: string[] = []
  const server = createServer((request, response) => {
    heard.push([request.url, ...request.rawHeaders].join('\n'))
    const isScript = request.url?.endsWith('.js')
    // Any longer, and a browser would not look for a newer one before that.
    const cached = isScript ? 'max-age=0' : 'max-age=31536000'
    response.writeHead(200, {
      'content-type': isScript ? 'text/javascript' : 'text/html',
      'cache-control': cached,
    })
    const page = `<title>theirs</title><body><script>${files['page']}</script>`
    response.end(files[request.url ?? ''] ?? page)
  }).listen(port, host)
  await once(server, 'listening')
  const close = async (): Promise<void> => {
    server.closeAllConnections()
    if (server.listening) await new Promise((resolve) => server.close(resolve))
  }
  scope.defer(close)
  return { origin: `http://${host}:${(server.address() as AddressInfo).port}`, heard, close }
}

const needed = ['Chromium'] as const

describe('the window of Postern Desktop beside other pages of this machine', () => {
  peerTest('leaves nothing that another page or program could find', needed, async (scope) => {
    const opened = await startWindow(scope)
    const { context, page, faults } = await openWholeChromium(scope)
    const sent: string[] = []
    page.on('request', (request) =>
      sent.push(`${request.url()} ${JSON.stringify(request.headers())}`),
    )
    const { url, origin } = opened.server.address()
    const code = url.split('#code=')[1] ?? ''
    await show(page, opened, url)
    assert.equal(page.url(), `${origin}/`)
    assert.ok(code.length === 43 && sent.length > 3)
    // It was in the body that traded it, and is in no address, field or place where a page keeps things.
    assert.deepEqual(
      sent.filter((text) => text.includes(code)),
      [],
    )
    assert.deepEqual(await context.cookies(), [])
    const kept = await page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }])')
    assert.equal(String(kept).includes(code), false)
    await page.goBack()
    await page.goForward()
    assert.equal(page.url(), `${origin}/`)
    assert.deepEqual(faults, [])
    // The window that is open loads itself anew once the daemon runs again, and a bookmark works.
    const reloaded = isShown(page, opened)
    await opened.restart()
    await reloaded
    await show(page, opened, `${origin}/`)
  })

  peerTest('gives nothing to another port, or a service behind a tunnel', needed, async (scope) => {
    const opened = await startWindow(scope)
    const { context, page } = await openWholeChromium(scope)
    await show(page, opened, opened.server.address().url)
    const { origin } = opened.server
    for (const host of ['127.0.0.1', '127.77.1.2']) {
      const other = await startOther(scope, host, 0, { page: script('their-page.js') })
      const theirs = await context.newPage()
      const before = opened.asked.length
      await theirs.goto(other.origin)
      const tried: Record<string, string> = await theirs.evaluate(
        `tryEverything(${JSON.stringify(origin)})`,
      )
      assert.equal(Object.keys(tried).length, 17)
      assert.deepEqual([...new Set(Object.values(tried))], ['nothing'], JSON.stringify(tried))
      assert.deepEqual(opened.asked.slice(before), [])

      // The window that they open is a window like any other, and not in their hands.
      const [popup] = await Promise.all([
        context.waitForEvent('page'),
        theirs.evaluate(`void (globalThis.theWindow = open(${JSON.stringify(`${origin}/`)}))`),
      ])
      await popup.waitForFunction('document.title.includes("Postern")')
      assert.equal(await popup.evaluate('opener === null'), true)
      assert.equal(await theirs.evaluate('theWindow.closed'), true)
      await popup.close()

      // Whoever follows a link from the window brings them nothing.
      await page.evaluate(
        `document.body.append(Object.assign(document.createElement('a'), { href: '${other.origin}/from-window', id: 'leave', target: '_blank', rel: 'opener', textContent: 'leave' }))`,
      )
      const [left] = await Promise.all([
        context.waitForEvent('page'),
        page.evaluate('document.querySelector("#leave").click()'),
      ])
      await left.waitForFunction('document.title === "theirs"')
      assert.equal(await left.evaluate('opener === null && document.referrer === ""'), true)
      await left.close()
      await page.evaluate('document.querySelector("#leave").remove()')
      assert.ok(other.heard.some((text) => text.startsWith('/from-window')))
      for (const text of other.heard) {
        assert.doesNotMatch(text, /^(?:cookie|authorization)$/im)
        assert.doesNotMatch(text, new RegExp(`^Referer\n${origin}`, 'im'))
      }
      await theirs.close()
    }
  })

  peerTest('is not there under another name that leads to it', needed, async (scope) => {
    const opened = await startWindow(scope)
    const { page } = await openWholeChromium(scope)
    await show(page, opened, opened.server.address().url)
    const { port } = opened.server
    // As when a name of theirs has just come to mean 127.0.0.1.
    for (const name of ['evil.localhost', 'localhost'])
      assert.equal((await page.goto(`http://${name}:${port}/`))?.status(), 421)
  })

  peerTest('shows a browser that is put out nothing more', needed, async (scope) => {
    const opened = await startWindow(scope)
    const { page } = await openWholeChromium(scope)
    await show(page, opened, opened.server.address().url)
    const { origin } = opened.server
    const refused = page.waitForResponse(
      (answer) => answer.url() === `${origin}/api/events` && answer.status() === 401,
    )
    const before = opened.asked.length
    await opened.server.revoke(opened.server.browsers()[0]?.id ?? '')
    await refused
    assert.equal(opened.asked.length, before)
  })

  peerTest('tells a page of a program that had its port nothing', needed, async (scope) => {
    const opened = await startWindow(scope)
    const { context, page } = await openWholeChromium(scope)
    await show(page, opened, opened.server.address().url)
    const { origin, port } = opened.server
    await page.close()
    const theirs = await context.newPage()
    await opened.restart(async () => {
      const other = await startOther(scope, '127.0.0.1', port, { page: script('squatter.js') })
      await theirs.goto(`${origin}/`)
      await other.close()
    })
    const before = opened.asked.length
    const hello = await fetch(`${origin}/hello?nonce=${'n'.repeat(22)}`)
    const { run } = (await hello.json()) as { run: string }
    // The one that stayed open, and one that the browser has kept: both have the window's origin, and its key.
    const cached = await context.newPage()
    await cached.goto(`${origin}/`)
    for (const one of [theirs, cached]) {
      assert.equal(await one.title(), 'theirs')
      assert.deepEqual(await one.evaluate('findRun()'), { tried: 7, found: [] })
      assert.deepEqual(await one.evaluate(`askWith('${run}')`), [401])
    }
    // The window in the popup is one that was let in.
    assert.deepEqual(
      opened.asked.slice(before).filter((text) => text !== 'GET /events'),
      [],
    )
    await show(cached, opened, opened.server.address().url)
  })

  peerTest(
    'outlives a program that had its port, with a page of its own',
    needed,
    async (scope) => {
      const opened = await startWindow(scope)
      const { page } = await openWholeChromium(scope)
      await show(page, opened, opened.server.address().url)
      const { origin, port } = opened.server
      const { run } = (await (await fetch(`${origin}/hello?nonce=${'n'.repeat(22)}`)).json()) as {
        run: string
      }
      await page.goto('about:blank')
      let signed: string[] = []
      await opened.restart(async () => {
        const other = await startOther(scope, '127.0.0.1', port, {
          page: script('squatter.js'),
          '/worker.js': script('squatting-worker.js'),
        })
        await page.goto(`${origin}/?theirs`)
        await assert.rejects(page.evaluate('readPrivateKey()'), /not extractable/)
        signed = await page.evaluate(`signAhead(${JSON.stringify(run)})`)
        await page.evaluate('leaveWorker()')
        await page.goto('about:blank')
        await other.close()
      })
      assert.equal(signed.length, 120)
      for (const authorization of signed) {
        const answer = await fetch(`${origin}/api/browsers`, { headers: { authorization } })
        assert.equal(answer.status, 401)
      }
      // Their service worker answers the first visit, and gets no page with the secret by it.
      assert.equal(opened.server.browsers().length, 1)
      await page.goto(`${origin}/`, { waitUntil: 'commit' })
      const seen = page.waitForFunction('document.title')
      assert.equal(await (await seen).jsonValue(), 'theirs, without the secret')
      assert.deepEqual(opened.server.browsers(), [])
      // The browser looks for its newest form then, and it leaves with the proof.
      await page.waitForFunction('document.title.includes("Postern")')
      await page.waitForFunction(
        'navigator.serviceWorker.getRegistrations().then((found) => found.length === 0)',
      )
      await page.evaluate(script('squatter.js'))
      assert.equal(await page.evaluate('keptProof()'), undefined)
      assert.deepEqual(opened.asked.slice(1), [])
      // Nor does a database of another form keep the browser from being let in for good.
      await page.evaluate('leaveDatabase()')
      await show(page, opened, opened.server.address().url)
      await show(page, opened, `${origin}/`)
    },
  )
})
