import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile, stat } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { requestText } from '../../src/web/desktop/proof/signed-text.ts'
import { codeOf, runOf, startWindow, type Browser, type WindowRig } from './window-rig.ts'

const statusOf = async (answer: Promise<Response>): Promise<number> => (await answer).status

/** Sends the last request of a browser once more, altered. */
function again(
  { server }: WindowRig,
  { sent }: Browser,
  { path, ...more }: { readonly path?: string } & RequestInit = {},
): Promise<Response> {
  const last = sent.at(-1)
  assert.ok(last)
  return fetch(server.origin + (path ?? last.path), { headers: last.headers, ...more })
}

describe('who may use the window', () => {
  test('a browser that came by a code asks the daemon, and after a restart as well', async (t) => {
    const rig = await startWindow(t)
    const browser = rig.browser()
    await browser.letIn()
    const body = JSON.stringify({ tag: 'ä' })
    const answer = await browser.fetch('/api/up?x=1', { method: 'POST', body })
    assert.deepEqual([answer.status, await answer.json()], [200, { ok: true }])
    assert.deepEqual(rig.asked, [`POST /up?x=1 ${body}`])
    const { port } = rig.server
    assert.equal((await rig.restart()).port, port)
    // The page that is open finds out, and is loaded again.
    const late = await browser.fetch('/api/state')
    assert.equal(((await late.json()) as { code: string }).code, 'started-anew')
    assert.equal(await statusOf(browser.fetch('/api/state')), 200)
    assert.equal(rig.server.browsers()[0]?.name, 'Chrome on Linux')
  })

  test('nobody else does, whatever is asked below /api', async (t) => {
    const rig = await startWindow(t)
    const browser = rig.browser()
    const answer = await browser.fetch('/api/state')
    assert.deepEqual(
      [answer.status, ((await answer.json()) as { code: string }).code],
      [401, 'no-proof'],
    )
    for (const path of [
      '/api',
      '/api/',
      '/api/events',
      '/api/browsers',
      '/api/window',
      '/api/x/../state',
    ])
      assert.equal(await statusOf(fetch(rig.server.origin + path)), 401, path)
    assert.deepEqual(rig.asked, [])
  })

  test('a code lets one key in, once, for a minute; who has it second puts the first out', async (t) => {
    const rig = await startWindow(t)
    const [first, second, third] = [rig.browser(), rig.browser(), rig.browser()]
    const code = codeOf(rig.server)
    await first.enter(code, 'first')
    assert.equal(await statusOf(first.fetch('/api/state')), 200)
    await assert.rejects(second.enter(code, 'second'), /403/)
    assert.equal(await statusOf(first.fetch('/api/state')), 401)
    assert.deepEqual(rig.server.browsers(), [])
    const late = codeOf(rig.server)
    rig.pass(60_000)
    await assert.rejects(third.enter(late, 'third'), /403/)
    await assert.rejects(third.enter('x'.repeat(43), 'third'), /403/)
    assert.deepEqual(rig.server.browsers(), [])
  })

  test('whoever was put out does not come back by the code of before', async (t) => {
    const rig = await startWindow(t)
    const browser = rig.browser()
    await browser.letIn()
    const entered = browser.sent.find(({ path }) => path === '/enter')
    assert.ok(entered)
    const { headers, body } = entered
    const enterAgain = () =>
      statusOf(fetch(`${rig.server.origin}/enter`, { method: 'POST', headers, body }))
    // Its answer may have been lost.
    assert.equal(await enterAgain(), 200)
    assert.equal(rig.server.browsers().length, 1)
    const [view] = rig.server.browsers()
    assert.equal(await rig.server.revoke(view?.id ?? ''), true)
    assert.equal(await rig.server.revoke(view?.id ?? ''), false)
    assert.equal(await enterAgain(), 403)
    assert.equal(await statusOf(browser.fetch('/api/state')), 401)
  })

  test('each time that it comes in a browser has a new key, and the one of before is forgotten', async (t) => {
    const rig = await startWindow(t)
    const browser = rig.browser()
    await browser.letIn()
    const before = browser.proof?.keys
    await browser.letIn()
    assert.notEqual(browser.proof?.keys, before)
    assert.equal(browser.proof?.keys.privateKey.extractable, false)
    assert.equal(rig.server.browsers().length, 1)
    assert.equal(await statusOf(browser.fetch('/api/state')), 200)
  })

  test('browsers are listed, and one puts the other out', async (t) => {
    const rig = await startWindow(t)
    const [mine, other] = [rig.browser(), rig.browser()]
    await mine.letIn()
    await other.letIn()
    const list = async () =>
      (
        (await (await mine.fetch('/api/browsers')).json()) as {
          browsers: { id: string; is_this: boolean }[]
        }
      ).browsers
    const found = await list()
    assert.deepEqual(
      found.map(({ is_this }) => is_this),
      [true, false],
    )
    const id = found[1]?.id ?? ''
    assert.deepEqual(await (await mine.fetch(`/api/browsers/${id}`, { method: 'DELETE' })).json(), {
      removed: [id],
    })
    assert.equal(await statusOf(mine.fetch(`/api/browsers/${id}`, { method: 'DELETE' })), 404)
    assert.equal(await statusOf(other.fetch('/api/state')), 401)
    assert.equal((await list()).length, 1)
    assert.deepEqual(rig.asked, [])
  })

  test('of many browsers the one that was unused for the longest is forgotten', async (t) => {
    const rig = await startWindow(t)
    for (let count = 0; count < 18; count += 1) await rig.browser().letIn()
    assert.equal(rig.server.browsers().length, 16)
  })

  test('what is kept opens nothing: hashes of keys, for the owner alone', async (t) => {
    const rig = await startWindow(t)
    const browser = rig.browser()
    await browser.letIn()
    const path = join(rig.directory, 'window.json')
    const text = await readFile(path, 'utf8')
    assert.equal((await stat(path)).mode & 0o777, 0o600)
    const [, publicKey = ''] =
      /^Postern ([\w-]+)/.exec(browser.sent.at(-1)?.headers['authorization'] ?? '') ?? []
    assert.ok(publicKey.length > 40 && !text.includes(publicKey))
  })
})

describe('a signature', () => {
  test('is worth nothing twice, for anything else, or later', async (t) => {
    const rig = await startWindow(t)
    const browser = rig.browser()
    await browser.letIn()
    await browser.fetch('/api/up?x=1', { method: 'POST', body: 'one' })
    const post = { method: 'POST', body: 'one' }
    const before = [...rig.asked]
    assert.equal(await statusOf(again(rig, browser, post)), 401)
    for (const altered of [
      { ...post, method: 'PUT' },
      { ...post, path: '/api/down?x=1' },
      { ...post, path: '/api/up?x=2' },
      { ...post, path: '/api/up' },
      { ...post, body: 'two' },
      { method: 'POST' },
    ]) {
      // One that has not been seen yet.
      await browser.prepare('/api/up?x=1', post)
      assert.equal(await statusOf(again(rig, browser, altered)), 401, JSON.stringify(altered))
    }
    assert.deepEqual(rig.asked, before)
    await browser.prepare('/api/up?x=1', post)
    assert.equal(await statusOf(again(rig, browser, post)), 200)
  })

  test('holds for the name and the code by which a browser comes in', async (t) => {
    const rig = await startWindow(t)
    const browser = rig.browser()
    await browser.letIn()
    const entered = browser.sent.find(({ path }) => path === '/enter')
    assert.ok(entered)
    const body = entered.body.replace('Chrome', 'Firefox')
    const answer = fetch(`${rig.server.origin}/enter`, { ...entered, method: 'POST', body })
    assert.equal(await statusOf(answer), 401)
    assert.equal(rig.server.browsers()[0]?.name, 'Chrome on Linux')
  })

  test('of a browser that is put out while its body comes is worth nothing', async (t) => {
    const rig = await startWindow(t)
    const browser = rig.browser()
    await browser.letIn()
    await browser.prepare('/api/up', { method: 'POST', body: 'one' })
    const { headers = {} } = browser.sent.at(-1) ?? {}
    const head = [
      'POST /api/up HTTP/1.1',
      `Host: ${rig.host}`,
      `Origin: ${rig.server.origin}`,
      `Authorization: ${headers['authorization']}`,
      'Content-Length: 3',
      'Expect: 100-continue',
      'Connection: close',
    ]
    const socket = connect(rig.server.port, '127.0.0.1').setEncoding('latin1')
    socket.write(`${head.join('\r\n')}\r\n\r\n`)
    // It waits for the body, and has read what stands before it.
    assert.match(String(await once(socket, 'data')), /^HTTP\/1\.1 100 /)
    await rig.server.revoke(rig.server.browsers()[0]?.id ?? '')
    socket.write('one')
    assert.match(String(await once(socket, 'data')), /^HTTP\/1\.1 401 /)
    socket.destroy()
    assert.deepEqual(rig.asked, [])
  })

  test('that was kept back is refused once its time is over, whatever the wall clock says', async (t) => {
    const rig = await startWindow(t)
    const browser = rig.browser()
    await browser.letIn()
    for (const [ms, status] of [
      [29_000, 200],
      [31_000, 401],
      [-6_000, 401],
    ] as const) {
      // The page asks for the time, signs, and is kept back.
      const authorization = await authorize(browser, rig, await nowAt(rig))
      rig.pass(ms)
      assert.equal(
        await statusOf(fetch(`${rig.server.origin}/api/state`, { headers: { authorization } })),
        status,
        `${ms}`,
      )
    }
  })

  test('of another run or for another port is worth nothing', async (t) => {
    const rig = await startWindow(t)
    const browser = rig.browser()
    await browser.letIn()
    const ask = async (run: RunNow, origin?: string) =>
      statusOf(
        fetch(`${rig.server.origin}/api/state`, {
          headers: { authorization: await authorize(browser, rig, run, origin) },
        }),
      )
    const now = await nowAt(rig)
    assert.equal(await ask(now), 200)
    assert.equal(await ask({ ...now, run: 'x'.repeat(32) }), 401)
    assert.equal(await ask(now, 'http://127.0.0.1:1'), 401)
    // What anybody may know of the run is not enough.
    assert.equal(await ask({ ...now, run: now.hash }), 401)
    await rig.restart()
    assert.equal(await ask(now), 401)
  })

  interface RunNow {
    readonly run: string
    readonly hash: string
    readonly at: number
  }

  async function nowAt({ server }: WindowRig): Promise<RunNow> {
    const answer = await fetch(`${server.origin}/hello?nonce=${'n'.repeat(22)}`)
    const { run: hash, at } = (await answer.json()) as { run: string; at: number }
    return { run: await runOf(server), hash, at }
  }

  async function authorize(
    browser: Browser,
    { server }: WindowRig,
    { run, at }: RunNow,
    origin = server.origin,
  ) {
    const encode = (bytes: ArrayBuffer) => Buffer.from(bytes).toString('base64url')
    assert.ok(browser.proof)
    const { publicKey, privateKey } = browser.proof.keys
    const nonce = encode(crypto.getRandomValues(new Uint8Array(16)).buffer)
    const bodyHash = encode(await crypto.subtle.digest('SHA-256', new Uint8Array()))
    const text = requestText({
      origin,
      run,
      method: 'GET',
      target: '/api/state',
      at: String(at),
      nonce,
      bodyHash,
    })
    const signature = await crypto.subtle.sign(
      { name: 'ECDSA', hash: 'SHA-256' },
      privateKey,
      new TextEncoder().encode(text),
    )
    const point = await crypto.subtle.exportKey('raw', publicKey)
    return `Postern ${[encode(point), at, nonce, bodyHash, encode(signature)].join('.')}`
  }
})
