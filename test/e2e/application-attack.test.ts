import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { LookupFunction } from 'node:net'
import { join } from 'node:path'
import { describe } from 'node:test'
import type { Page } from 'playwright-core'
import { WebSocket } from 'ws'
import { tunnelProtocol } from '../../src/tunnel/websocket.ts'
import { startChild } from './child.ts'
import { startCorpHosts, type CorpHosts } from './corp-hosts.ts'
import { peerTest } from './peers.ts'
import { alice, posternCommand } from './rig.ts'
import type { Scope } from './scope.ts'
import { echo, startService } from './services.ts'

/** Open to Alice, and to every machine here: what a page has is her cookies and her address. */
const [hers, here] = ['hers.corp.test', 'here.corp.test'] as const
const hosts = [hers, here]

describe('a page of another host', () => {
  peerTest(
    'opens and learns nothing of an application as its visitor',
    ['Chromium'],
    async (scope) => {
      const it = await startApplications(scope)
      await checkSockets(it)
      await checkAnswers(it)
      assert.equal(it.opened(), 0)
      // Nothing else was in the way of any socket.
      const { corp, tokens } = it
      assert.equal(await upgrade(corp, hers, { 'cf-access-token': tokens[hers] ?? '' }), 101)
      assert.equal(await upgrade(corp, here, {}), 101)
    },
  )
})

/** By either form of a tunnel over WebSocket. */
async function checkSockets({ corp }: Applications): Promise<void> {
  const { browser, origin, rig } = corp
  const tunnels = `${origin}/.postern/v1/tunnel/`
  const targets = hosts.flatMap((host) => [`https://${host}:${rig.port}/`, `${tunnels}${host}:443`])
  let reaching = 0
  // The gateway's own page besides: it lets its scripts connect to nobody else.
  for (const [from, reached] of [
    [corp.sibling, targets],
    [corp.stranger, targets],
    [origin, targets.filter((target) => target.startsWith(origin))],
  ] as const) {
    await browser.page.goto(from)
    for (const target of targets) {
      assert.equal(await openSocket(browser.page, target), 'refused', `${target} from ${from}`)
    }
    reaching += reached.length
  }
  await rig.lines.first(() => refusedPages(rig).length === reaching)
}

const paths = [
  '/',
  '/cdn-cgi/access/get-identity',
  '/cdn-cgi/access/certs',
  '/cdn-cgi/access/logout',
  '/.pomerium/user',
  '/.postern/v1/application-token',
]

/** By scripts, frames and forms. */
async function checkAnswers({ corp }: Applications): Promise<void> {
  const { rig, browser } = corp
  for (const from of [corp.sibling, corp.stranger]) {
    for (const host of hosts) {
      const at = `https://${host}:${rig.port}`
      await browser.page.goto(from)
      for (const path of paths) {
        assert.deepEqual(await fetchAll(browser.page, at + path), [], `${at}${path} from ${from}`)
      }
      const framed = await frameText(browser.page, `${at}/cdn-cgi/access/get-identity`)
      assert.doesNotMatch(framed, /alice/i)
      const exchange = `${at}/.postern/v1/application-token`
      assert.match(await sendForm(browser.page, exchange), /token of somebody/)
    }
  }
  const issued = rig.lines.all((line) => line['message'] === 'application token issued')
  assert.equal(issued.length, hosts.length, 'those of the test alone')
}

function refusedPages({ lines }: CorpHosts['rig']): readonly unknown[] {
  return lines.all((line) => line['response-code-details'] === 'origin_not_allowed')
}

interface Applications {
  readonly corp: CorpHosts
  /** Connections that have reached the service. */
  opened(): number
  /** Alice's tokens as stock cloudflared has them, by application. */
  readonly tokens: Readonly<Record<string, string>>
}

async function startApplications(scope: Scope): Promise<Applications> {
  let opened = 0
  const port = await startService(scope, (socket) => {
    opened += 1
    echo(socket)
  })
  const allow = { action: 'allow', include: [{ email: alice }] }
  const bypass = { action: 'bypass', include: [{ ip: '127.0.0.0/8' }] }
  const service = `tcp://127.0.0.1:${port}`
  const corp = await startCorpHosts(scope, {
    access: [
      { hostname: hers, service, policies: [allow] },
      { hostname: here, service, policies: [bypass, allow] },
    ],
  })
  corp.serve((_, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<title>hello</title>')
  })
  const tokens: Record<string, string> = {}
  for (const host of hosts) tokens[host] = await tokenOf(scope, corp, host)
  await keepTokens(corp, tokens)
  return { corp, opened: () => opened, tokens }
}

/** Signs Alice in by the page, as somebody who uses stock cloudflared does; once for both. */
async function tokenOf(scope: Scope, corp: CorpHosts, host: string): Promise<string> {
  const { person, browser } = corp
  const options = [...person.tcpArgs('').slice(1, -1), '--browser-cmd', '/bin/true']
  const args = ['access', 'login', '--for-cloudflared', ...options, host]
  const login = startChild(scope, ...posternCommand(...args), { env: person.env })
  if (host === hers) {
    const [, url = ''] = await login.says(/\n {2}(https:\S+)\n/)
    await browser.page.goto(url)
    await browser.page.getByRole('button', { name: 'Alice Adams' }).click()
    await browser.page.getByRole('heading', { name: 'You are signed in' }).waitFor()
  }
  assert.equal(await login.ended, 0, login.errors())
  const folder = join(person.home, '.cloudflared')
  const names = await readdir(folder)
  const name = names.find((file) => file.startsWith(host) && file.endsWith('-token'))
  return (await readFile(join(folder, name ?? ''), 'utf8')).trim()
}

/** Gives the browser what Cloudflare would have: the token as a cookie that every request carries. */
async function keepTokens({ browser }: CorpHosts, tokens: Applications['tokens']): Promise<void> {
  const cookies = Object.entries(tokens).map(([domain, value]) => ({
    name: 'CF_Authorization',
    value,
    domain,
    path: '/',
    secure: true,
    sameSite: 'None' as const,
  }))
  await browser.context.addCookies(cookies)
}

/** What becomes of a WebSocket that the page opens; the subprotocol is the one of our own clients. */
function openSocket(page: Page, url: string): Promise<string> {
  const protocols = url.includes('/.postern/') ? [tunnelProtocol] : []
  const [at, named] = [url.replace('https:', 'wss:'), protocols].map((it) => JSON.stringify(it))
  return page.evaluate<string>(`new Promise((resolve) => {
    const socket = new WebSocket(${at}, ${named})
    socket.onopen = () => resolve('opened')
    socket.onerror = () => resolve('refused')
  })`)
}

/** What the page may read of an answer, asked for in every way that it has. */
function fetchAll(page: Page, url: string): Promise<string[]> {
  return page.evaluate<string[]>(`(async () => {
    const told = []
    for (const method of ['GET', 'HEAD', 'POST', 'OPTIONS']) {
      for (const mode of ['cors', 'no-cors']) {
        for (const headers of [{}, { 'cf-access-token': 'x' }, { authorization: 'Bearer x' }]) {
          try {
            const request = { method, mode, headers, credentials: 'include', redirect: 'manual' }
            const answer = await fetch(${JSON.stringify(url)}, request)
            const text = await answer.text()
            if (answer.status !== 0 || text !== '') told.push(method + ' ' + mode + ': ' + text)
          } catch {}
        }
      }
    }
    return told
  })()`)
}

/** What a frame shows, to the test if not to the page around it. */
async function frameText(page: Page, url: string): Promise<string> {
  await page.evaluate(`new Promise((resolve) => {
    const frame = document.createElement('iframe')
    frame.onload = resolve
    frame.src = ${JSON.stringify(url)}
    document.body.append(frame)
  })`)
  const frame = page.frames().find((one) => one !== page.mainFrame())
  return (await frame?.content()) ?? ''
}

/** Leaves the page by a form, as a click could. */
async function sendForm(page: Page, url: string): Promise<string> {
  await page.evaluate(`(() => {
    const form = document.createElement('form')
    form.method = 'post'
    form.action = ${JSON.stringify(url)}
    form.innerHTML = '<input name="hostname" value="${hers}">'
    document.body.append(form)
    form.submit()
  })()`)
  await page.waitForURL(url)
  return page.content()
}

/** The status of an upgrade of the same visitor that no page sends. */
async function upgrade(
  { rig }: CorpHosts,
  host: string,
  headers: Readonly<Record<string, string>>,
): Promise<number> {
  const lookup: LookupFunction = (_, __, done) => done(null, [{ address: '127.0.0.1', family: 4 }])
  const options = { ca: rig.ca, headers, lookup, servername: 'localhost' }
  const socket = new WebSocket(`wss://${host}:${rig.port}/`, options)
  const [answer] = (await once(socket, 'upgrade')) as [IncomingMessage]
  socket.terminate()
  return answer.statusCode ?? 0
}
