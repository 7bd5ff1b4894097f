import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { get } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe } from 'node:test'
import { createCookieJar } from '../../src/dev-idp/cookie-jar.ts'
import { signInWithForms } from '../../src/dev-idp/sign-in-with-forms.ts'
import { formatLoginPath } from '../../src/tunnel/sign-in.ts'
import { inTime } from './child.ts'
import { peerTest } from './peers.ts'
import { startChromium } from './peers/chromium.ts'
import { alice, startRig, type GatewayRig } from './rig.ts'
import type { Scope } from './scope.ts'

/** Programs that wait for their tokens, one path each, as stock clients do on a port each. */
interface Programs {
  /** Where each signs in. */
  readonly urls: readonly URL[]
  /** How many have their token. */
  readonly done: ReadonlySet<string>
  /** Resolves when all have. */
  readonly all: Promise<void>
}

async function startPrograms(scope: Scope, rig: GatewayRig, count: number): Promise<Programs> {
  const done = new Set<string>()
  const { promise: all, resolve } = Promise.withResolvers<void>()
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://127.0.0.1')
    if (searchParams.has('pomerium_jwt')) done.add(pathname)
    response.setHeader('connection', 'close').end('login complete')
    if (done.size === count) resolve()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  scope.defer(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  const urls = Array.from({ length: count }, async (_, index) => {
    const redirectUri = `http://127.0.0.1:${port}/${index}`
    return new URL(await ask(rig, formatLoginPath({ redirectUri, codeChallenge: undefined })))
  })
  return { urls: await Promise.all(urls), done, all }
}

async function ask({ origin, ca }: GatewayRig, path: string): Promise<string> {
  const request = get(origin + path, { ca, agent: false })
  const [response] = (await once(request, 'response')) as [Parameters<typeof text>[0]]
  return text(response)
}

describe('many sign-ins at once in one browser', () => {
  for (const count of [10, 32]) {
    peerTest(`${count} that wait at the provider together all finish`, [], async (scope) => {
      const rig = await startRig(scope, [])
      const programs = await startPrograms(scope, rig, count)
      const jar = createCookieJar()
      const options = { request: { ca: rig.ca }, jar }
      const stopBefore = ({ origin }: URL): boolean => origin === rig.idp.issuer.origin
      // Nobody has come back when the last one arrives there, however long the provider takes.
      const waiting = await Promise.all(
        programs.urls.map((url) =>
          signInWithForms(url, { email: alice }, { ...options, stopBefore }),
        ),
      )
      const cookies = jar.header(new URL(rig.origin)) ?? ''
      assert.ok(cookies.length <= 4096, `${cookies.length} bytes of cookies`)
      const ends = await Promise.all(
        waiting.map(({ url }) => signInWithForms(url, { email: alice }, options)),
      )
      assert.equal(programs.done.size, count)
      const callbacks = ends.flatMap(({ visited }) =>
        visited.filter(({ pathname }) => pathname === '/oauth2/callback'),
      )
      assert.equal(callbacks.length, count)
      const session = jar.header(new URL(rig.origin)) ?? ''
      for (const { href } of callbacks)
        assert.ok(href.length + session.length < 4096, `${href.length} and ${session.length}`)
    })
  }

  peerTest('ten tabs of Chromium all finish', ['Chromium'], async (scope) => {
    const rig = await startRig(scope, [])
    const programs = await startPrograms(scope, rig, 10)
    const { context } = await startChromium(scope, rig)
    const tabs = await Promise.all(programs.urls.map(() => context.newPage()))
    await Promise.all(tabs.map((tab, index) => tab.goto(programs.urls[index]?.href ?? '')))
    // All of them are at the provider now.
    await Promise.all(tabs.map((tab) => tab.getByRole('button', { name: 'Alice Adams' }).waitFor()))
    for (const tab of tabs) await tab.getByRole('button', { name: 'Alice Adams' }).click()
    await inTime(programs.all, () => `${programs.done.size} of 10 have a token`)
  })
})
