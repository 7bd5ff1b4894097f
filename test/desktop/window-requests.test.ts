import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { describe, test } from 'node:test'
import { silentLogger } from '../../src/log.ts'
import { runProgram } from '../../src/program.fixture.ts'
import { runOf, sendRaw, startWindow, type WindowRig } from './window-rig.ts'

const line = (method = 'GET', target = '/'): string => `${method} ${target} HTTP/1.1\r\n`

/** The status of a raw request; 0 where it was cut. */
async function statusOf({ server }: WindowRig, head: string, body = ''): Promise<number> {
  const answer = await sendRaw(server.port, `${head}Connection: close\r\n\r\n${body}`)
  assert.doesNotMatch(answer, /^access-control-|^set-cookie/im)
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0)
}

describe('a request to the window', () => {
  test('is for its own name and port alone, which keeps a rebound name out', async (t) => {
    const rig = await startWindow(t)
    const { host } = rig
    assert.equal(await statusOf(rig, `${line()}Host: ${host}\r\n`), 200)
    for (const other of [
      'evil.example',
      `evil.example:${rig.server.port}`,
      '127.0.0.1',
      `localhost:${rig.server.port}`,
      `${host}.`,
      `127.1:${rig.server.port}`,
    ])
      assert.ok([400, 421].includes(await statusOf(rig, `${line()}Host: ${other}\r\n`)), other)
    assert.equal(await statusOf(rig, line()), 400)
  })

  test('has one meaning, or none', async (t) => {
    const rig = await startWindow(t)
    const host = `Host: ${rig.host}\r\n`
    const requests: Record<string, string> = {
      'two hosts': `${line()}${host}Host: evil.example\r\n`,
      'two hosts, the other first': `${line()}Host: evil.example\r\n${host}`,
      'the absolute form': `${line('GET', `http://${rig.host}/`)}${host}`,
      'the absolute form of another': `${line('GET', 'http://evil.example/')}${host}`,
      'two slashes': `${line('GET', '//evil.example/')}${host}`,
      'an asterisk': `${line('OPTIONS', '*')}${host}`,
      'a line that goes on': `${line()}${host}X-A: b\r\n c\r\n`,
      'a field before a space': `${line()}${host}Origin : http://evil.example\r\n`,
      'two origins': `${line()}${host}Origin: http://${rig.host}\r\nOrigin: http://evil.example\r\n`,
      'two credentials': `${line('GET', '/api/state')}${host}Authorization: a\r\nAuthorization: b\r\n`,
      'a bare line feed': `${line()}${host}X-A: b\nX-B: c\r\n`,
      'a length and chunks': `${line('POST', '/enter')}${host}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n`,
      'two lengths': `${line('POST', '/enter')}${host}Content-Length: 5\r\nContent-Length: 6\r\n`,
    }
    for (const [name, head] of Object.entries(requests))
      assert.equal(await statusOf(rig, head), 400, name)
    assert.equal(
      await statusOf(
        rig,
        `${line('POST', '/enter')}${host}Origin: http://${rig.host}\r\nTransfer-Encoding: chunked\r\n`,
        '0\r\n\r\n',
      ),
      400,
    )
    assert.equal(await statusOf(rig, `${line('CONNECT', 'evil.example:443')}${host}`), 0)
    assert.deepEqual(rig.asked, [])
  })

  test('comes from its own page', async (t) => {
    const rig = await startWindow(t)
    const host = `Host: ${rig.host}\r\n`
    const from = (origin: string, method: string, target: string) =>
      statusOf(rig, `${line(method, target)}${host}Origin: ${origin}\r\n`)
    for (const origin of [
      'null',
      'http://127.0.0.1:1',
      `https://${rig.host}`,
      `http://localhost:${rig.server.port}`,
      'http://evil.example',
    ])
      for (const [method, target] of [
        ['GET', '/'],
        ['GET', '/hello'],
        ['POST', '/enter'],
        ['OPTIONS', '/api/state'],
        ['GET', '/api/state'],
      ] as const) {
        const status = await from(origin, method, target)
        assert.ok(status === 403 || status === 405, `${origin} ${method} ${target}: ${status}`)
      }
    assert.equal(await statusOf(rig, `${line('POST', '/enter')}${host}`), 403)
    assert.equal(
      await statusOf(rig, `${line('OPTIONS', '/api/state')}${host}Origin: http://${rig.host}\r\n`),
      405,
    )
  })

  test('of another page is a visit of the page itself, and nothing that it is made of', async (t) => {
    const rig = await startWindow(t)
    const page = await fetch(`${rig.server.origin}/`)
    const [, script = ''] = /src="([^"]+)"/.exec(await page.text()) ?? []
    const status = (target: string, site: string, mode: string, dest: string) =>
      statusOf(
        rig,
        `${line('GET', target)}Host: ${rig.host}\r\nSec-Fetch-Site: ${site}\r\nSec-Fetch-Mode: ${mode}\r\nSec-Fetch-Dest: ${dest}\r\n`,
      )
    assert.equal(await status('/', 'cross-site', 'navigate', 'document'), 200)
    assert.equal(await status('/', 'none', 'navigate', 'document'), 200)
    assert.equal(await status(script, 'same-origin', 'cors', 'script'), 200)
    for (const site of ['cross-site', 'same-site', 'none']) {
      assert.equal(await status('/', site, 'navigate', 'iframe'), 403)
      assert.equal(await status('/', site, 'no-cors', 'script'), 403)
      assert.equal(await status(script, site, 'no-cors', 'script'), 403)
      assert.equal(await status('/hello?nonce=x', site, 'cors', 'empty'), 403)
      assert.equal(await status('/api/state', site, 'websocket', 'websocket'), 403)
    }
  })

  test('is answered so that nothing inline runs, nobody frames it, and no other page has its answers', async (t) => {
    const rig = await startWindow(t)
    const browser = rig.browser()
    await browser.letIn()
    const answers = [
      await fetch(`${rig.server.origin}/`),
      await fetch(`${rig.server.origin}/nothing`),
      await browser.fetch('/api/state'),
      await fetch(`${rig.server.origin}/api/state`),
    ]
    for (const { headers } of answers) {
      const policy = headers.get('content-security-policy') ?? ''
      assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self';/)
      assert.match(policy, /frame-ancestors 'none'; base-uri 'none'/)
      assert.doesNotMatch(policy, /unsafe|\*|data:|blob:/)
      assert.deepEqual(
        [
          'x-frame-options',
          'x-content-type-options',
          'referrer-policy',
          'cross-origin-opener-policy',
          'cross-origin-resource-policy',
          'cache-control',
        ].map((name) => headers.get(name)),
        ['DENY', 'nosniff', 'no-referrer', 'same-origin', 'same-origin', 'no-store'],
      )
      const names = [...headers.keys()]
      assert.deepEqual(
        names.filter((name) => /^access-control|^set-cookie/.test(name)),
        [],
      )
    }
  })

  test('may not be long, nor come slowly', async (t) => {
    const rig = await startWindow(t, { times: { headMs: 300, requestMs: 300 } })
    assert.equal(
      await statusOf(rig, `${line()}Host: ${rig.host}\r\nX-A: ${'x'.repeat(40_000)}\r\n`),
      431,
    )
    assert.match(await sendRaw(rig.server.port, line()), /^HTTP\/1\.1 408 /)
    const browser = rig.browser()
    await browser.letIn()
    await browser.fetch('/api/import', { method: 'POST', body: 'x' })
    const { authorization = '' } = browser.sent.at(-1)?.headers ?? {}
    const head = `${line('POST', '/enter')}Host: ${rig.host}\r\nOrigin: ${rig.server.origin}\r\nAuthorization: ${authorization}\r\n`
    // Of somebody who is not known no body is waited for, whatever they have signed.
    const stranger = rig.browser()
    const pair = { name: 'ECDSA', namedCurve: 'P-256' }
    const keys = await crypto.subtle.generateKey(pair, false, ['sign', 'verify'])
    stranger.proof = { keys, daemon: browser.proof?.daemon ?? '' }
    await stranger.prepare('/api/import', { method: 'POST', body: 'x' })
    const theirs = stranger.sent.at(-1)?.headers['authorization']
    assert.equal(
      await statusOf(
        rig,
        `${line('POST', '/api/import')}Host: ${rig.host}\r\nOrigin: ${rig.server.origin}\r\nAuthorization: ${theirs}\r\nContent-Length: 99\r\n`,
      ),
      401,
    )
    assert.equal(
      await statusOf(
        rig,
        `${line('POST', '/api/import')}Host: ${rig.host}\r\nOrigin: ${rig.server.origin}\r\nContent-Length: 99\r\n`,
      ),
      401,
    )
    assert.equal(await statusOf(rig, `${head}Content-Length: 2000\r\n`), 401)
    const { headers = {}, body = '' } = browser.sent.find(({ path }) => path === '/enter') ?? {}
    const enter = `${line('POST', '/enter')}Host: ${rig.host}\r\nOrigin: ${rig.server.origin}\r\nAuthorization: ${headers['authorization']}\r\n`
    assert.equal(await statusOf(rig, `${enter}Content-Length: 2000\r\n`), 413)
    assert.ok(
      [0, 408].includes(
        await statusOf(rig, `${enter}Content-Length: ${body.length}\r\n`, body.slice(1)),
      ),
    )
  })

  test('is taken from so many connections at once, and no more', async (t) => {
    const rig = await startWindow(t)
    const open = Array.from({ length: 128 }, () => connect(rig.server.port, '127.0.0.1'))
    t.after(() => open.map((socket) => socket.destroy()))
    await Promise.all(
      open.map((socket) => new Promise((resolve) => socket.once('connect', resolve))),
    )
    assert.equal(await statusOf(rig, `${line()}Host: ${rig.host}\r\n`), 0)
  })

  test('by another user of this machine gets nowhere', { skip: whyNotTwoUsers() }, async (t) => {
    const refused: string[] = []
    const log = { ...silentLogger, warn: (message: string) => void refused.push(message) }
    const rig = await startWindow(t, { log })
    const script = `fetch('${rig.server.origin}/').then(({ status }) => console.log(status), () => console.log('nothing'))`
    const ask = async (options: { uid?: number; gid?: number }) =>
      (await runProgram(process.execPath, ['-e', script], options)).stdout.trim()
    assert.equal(await ask({}), '200')
    assert.equal(await ask({ uid: 65_534, gid: 65_534 }), 'nothing')
    assert.match(refused[0] ?? '', /its program runs as another user \(uid 65534\)$/)
  })

  test('by a program of another user is not even read', async (t) => {
    const rig = await startWindow(t, {
      admission: () => Promise.resolve('it is of uid 12'),
    })
    assert.equal(await statusOf(rig, `${line()}Host: ${rig.host}\r\n`), 0)
  })
})

describe('the page', () => {
  test('has its files under a name that is another one in each run, so that no cached one takes their place', async (t) => {
    const rig = await startWindow(t)
    const scriptOf = async () =>
      /src="([^"]+)"/.exec(await (await fetch(`${rig.server.origin}/`)).text())?.[1] ?? ''
    const script = await scriptOf()
    assert.match(script, /^\/[\w-]{32}\/assets\/x\.js$/)
    assert.equal((await fetch(rig.server.origin + script)).status, 200)
    assert.equal((await fetch(`${rig.server.origin}/assets/x.js`)).status, 404)
    assert.equal(
      (await fetch(rig.server.origin + script.replace('/assets/x.js', '/icon.png'))).status,
      404,
    )
    assert.equal((await fetch(`${rig.server.origin}/icon.png`)).status, 200)
    await rig.restart()
    assert.equal((await fetch(rig.server.origin + script)).status, 404)
    assert.notEqual(await scriptOf(), script)
  })

  test('is the same for each of its views, and for nothing else', async (t) => {
    const rig = await startWindow(t)
    const textOf = async (path: string) => (await fetch(rig.server.origin + path)).text()
    const page = await textOf('/')
    assert.match(page, /href="\/icon\.png"/, 'found from each view')
    for (const path of ['/connections/a/edit', '/settings?x=1.2', '/hello/x'])
      assert.equal(await textOf(path), page, path)
    for (const path of ['/index.html', '/x.js', '/assets/x.js', '/hello'])
      assert.equal((await fetch(rig.server.origin + path)).status, 404, path)
  })

  test('is shown to whoever visits it, and to no script: it has the secret of the run', async (t) => {
    const rig = await startWindow(t)
    assert.match(await runOf(rig.server), /^[\w-]{32}$/)
    const hello = await (await fetch(`${rig.server.origin}/hello?nonce=${'n'.repeat(22)}`)).text()
    assert.equal(hello.includes(await runOf(rig.server)), false)
    for (const dest of ['empty', 'iframe', 'script', 'object', 'worker', 'embed'])
      for (const path of ['/', '/settings']) {
        const headers = `Sec-Fetch-Site: same-origin\r\nSec-Fetch-Dest: ${dest}\r\n`
        const status = await statusOf(rig, `${line('GET', path)}Host: ${rig.host}\r\n${headers}`)
        assert.equal(status, 403, `${path} for ${dest}`)
      }
  })

  test('that was not built says so', async (t) => {
    const rig = await startWindow(t, { files: undefined })
    const answer = await fetch(`${rig.server.origin}/`)
    assert.deepEqual(
      [answer.status, await answer.text()],
      [503, 'The window is not built: run "npm run build".\n'],
    )
  })

  test('takes a service worker away that somebody else has left, and believes nobody then', async (t) => {
    const rig = await startWindow(t)
    await rig.browser().letIn()
    const headers = { 'service-worker': 'script' }
    const answer = await fetch(`${rig.server.origin}/theirs.js`, { headers })
    assert.match(await answer.text(), /registration\.unregister/)
    assert.equal(answer.headers.get('content-type'), 'text/javascript')
    assert.deepEqual(rig.server.browsers(), [])
  })

  test('says so often that there is a service worker, and no more often', async (t) => {
    const said: string[] = []
    const log = { ...silentLogger, warn: (message: string) => void said.push(message) }
    const rig = await startWindow(t, { log })
    const headers = { 'service-worker': 'script' }
    for (let count = 0; count < 20; count += 1)
      assert.equal((await fetch(`${rig.server.origin}/x.js`, { headers })).status, 200)
    assert.equal(said.length, 6)
  })

  test('is not shown to a service worker, and nobody is believed once one has asked', async (t) => {
    const rig = await startWindow(t)
    const visit = `${line()}Host: ${rig.host}\r\nSec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: navigate\r\n`
    for (const head of [
      'Sec-Fetch-Dest: empty\r\n',
      'Sec-Fetch-Dest: document\r\nService-Worker-Navigation-Preload: x\r\n',
    ]) {
      await rig.browser().letIn()
      assert.equal(await statusOf(rig, visit + head), 403)
      assert.deepEqual(rig.server.browsers(), [], head)
    }
    // One of another site changes nothing here.
    await rig.browser().letIn()
    const theirs = visit.replace('same-origin', 'cross-site')
    assert.equal(await statusOf(rig, `${theirs}Sec-Fetch-Dest: empty\r\n`), 403)
    assert.equal(rig.server.browsers().length, 1)
  })
})

function whyNotTwoUsers(): string | false {
  return process.platform === 'linux' && process.getuid?.() === 0 ? false : 'needs root on Linux'
}
