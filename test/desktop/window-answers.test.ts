import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, test } from 'node:test'
import { startWindow, type Browser, type WindowRig } from './window-rig.ts'

/** A daemon whose events do not end by themselves, and whether somebody still hears them. */
function endlessEvents(pieceBytes: number) {
  const ended = Promise.withResolvers<void>()
  let pulls = 0
  const piece = new Uint8Array(pieceBytes).fill(10)
  const app = (request: Request): Response => {
    request.signal.addEventListener('abort', () => ended.resolve())
    const pull = (controller: ReadableStreamDefaultController): void => {
      pulls += 1
      controller.enqueue(piece)
    }
    return new Response(new ReadableStream({ pull }, { highWaterMark: 0 }))
  }
  return { app, ended: ended.promise, pulls: () => pulls }
}

/** Waits for one line, and then for more. */
function heldEvents() {
  const ended = Promise.withResolvers<void>()
  const app = (request: Request): Response => {
    request.signal.addEventListener('abort', () => ended.resolve())
    return new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode('{}\n')),
      }),
    )
  }
  return { app, ended: ended.promise }
}

/** The bytes of a signed request that the browser does not send itself. */
async function signedHead(rig: WindowRig, browser: Browser): Promise<string> {
  await browser.prepare('/api/nothing')
  const { path = '', headers = {} } = browser.sent.at(-1) ?? {}
  return `GET ${path} HTTP/1.1\r\nHost: ${rig.host}\r\nAuthorization: ${headers['authorization']}\r\n\r\n`
}

describe('the answers of the window', () => {
  test('end at once for a browser that is put out, and for no other', async (t) => {
    const { app, ended } = heldEvents()
    const rig = await startWindow(t, { app })
    const [mine, other] = [rig.browser(), rig.browser()]
    await mine.letIn()
    await other.letIn()
    const [events, others] = [await mine.fetch('/api/events'), await other.fetch('/api/events')]
    const reader = events.body?.getReader()
    await reader?.read()
    const [view] = rig.server.browsers()
    await rig.server.revoke(view?.id ?? '')
    await assert.rejects(Promise.resolve(reader?.read()))
    await ended
    assert.equal((await mine.fetch('/api/events')).status, 401)
    assert.ok((await others.body?.getReader().read())?.value)
    assert.equal((await other.fetch('/api/browsers')).status, 200)
  })

  test('are streams for so many windows of one browser at once', async (t) => {
    const rig = await startWindow(t, heldEvents())
    const [mine, other] = [rig.browser(), rig.browser()]
    await mine.letIn()
    await other.letIn()
    const open: Response[] = []
    for (let count = 0; count < 8; count += 1) open.push(await mine.fetch('/api/events'))
    assert.deepEqual([...new Set(open.map(({ status }) => status))], [200])
    assert.equal((await mine.fetch('/api/events')).status, 429)
    assert.equal((await other.fetch('/api/events')).status, 200)
    await open[0]?.body?.cancel()
  })

  test('wait for a reader that stalls, hold no memory for it, and are cut', async (t) => {
    const { app, ended, pulls } = endlessEvents(64 * 1024)
    const rig = await startWindow(t, { app, times: { silenceMs: 1_000 } })
    const browser = rig.browser()
    await browser.letIn()
    const head = await signedHead(rig, browser)
    const socket = connect(rig.server.port, '127.0.0.1')
    socket.pause().on('error', () => undefined)
    socket.write(head)
    await ended
    // What two kernel buffers hold, and not what a second of copying would be.
    assert.ok(pulls() > 0 && pulls() < 400, `${pulls()} pieces`)
    socket.destroy()
  })

  test('end with the daemon: it waits for what is under way, and no longer than it was told', async (t) => {
    const rig = await startWindow(t, heldEvents())
    const browser = rig.browser()
    await browser.letIn()
    const reader = (await browser.fetch('/api/events')).body?.getReader()
    await reader?.read()
    const socket = connect(rig.server.port, '127.0.0.1')
    await once(socket, 'connect')
    await rig.server.close(100)
    await assert.rejects(Promise.resolve(reader?.read()))
    if (!socket.closed) await once(socket, 'close')
  })

  test('tell nothing of a failure of our own', async (t) => {
    const rig = await startWindow(t, { app: () => Promise.reject(new Error('the secret is 1234')) })
    const browser = rig.browser()
    await browser.letIn()
    const answer = await browser.fetch('/api/state')
    assert.equal(answer.status, 500)
    assert.doesNotMatch(await answer.text(), /1234/)
  })

  test('have neither a cookie of the daemon’s nor leave for other pages', async (t) => {
    const headers = {
      'set-cookie': 'a=b',
      'access-control-allow-origin': '*',
      'content-type': 'text/plain',
      'content-disposition': 'attachment',
    }
    const rig = await startWindow(t, { app: () => new Response('x', { headers }) })
    const browser = rig.browser()
    await browser.letIn()
    const answer = await browser.fetch('/api/state')
    const found = Object.keys(headers).map((name) => answer.headers.get(name))
    assert.deepEqual(found, [null, null, 'text/plain', 'attachment'])
  })
})
