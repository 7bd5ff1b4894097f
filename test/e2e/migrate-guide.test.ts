import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { request } from 'node:https'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe } from 'node:test'
import { parse } from 'yaml'
import { readerAt, readGuide, runLine } from './guide.ts'
import { peerTest } from './peers.ts'
import { publisherAt, siteFor } from './publisher.ts'
import { alice, bob, startRig, type GatewayRig } from './rig.ts'
import type { Scope } from './scope.ts'
import { echo, startService } from './services.ts'

const page = join(import.meta.dirname, '..', '..', 'docs', 'migrate-from-cloudflare.md')
const apiPath = '/client/v4/accounts/account-1/access/apps'

/** As the API answers the list of applications, with one of Alice's. */
const applications = JSON.stringify({
  success: true,
  errors: [],
  result: [
    {
      id: 'app-1',
      type: 'self_hosted',
      name: 'Terminal',
      domain: 'tcp.site.com',
      policies: [{ name: 'alice', decision: 'allow', include: [{ email: { email: alice } }] }],
    },
  ],
})

/** Cloudflare's API, for this one request. Resolves to its origin. */
async function startApi(scope: Scope): Promise<string> {
  const server = createServer(({ url, headers }, response) => {
    const isAsked = url === apiPath && headers.authorization === 'Bearer token-1'
    response.writeHead(isAsked ? 200 : 403).end(isAsked ? applications : '{}')
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  scope.defer(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('docs/migrate-from-cloudflare.md', () => {
  peerTest('says what works, on a real gateway', ['curl'], async (scope) => {
    const api = await startApi(scope)
    const service = await startService(scope, echo)
    const rig = await startRig(scope, [], await siteFor(scope, 'site.com', bob))
    const guide = readGuide(await readFile(page, 'utf8'), {
      standIns: { 'https://api.cloudflare.com': api },
      notRun: {
        'cloudflared access tcp --hostname tcp.site.com --url localhost:9210':
          'they have no cloudflared, and speak its bytes instead',
      },
    })

    const person = await readerAt(scope, rig, alice)
    const account = { CLOUDFLARE_API_TOKEN: 'token-1', ACCOUNT_ID: 'account-1' }
    await runLine(scope, person, guide.command(/^curl /), { env: account })
    const publisher = await publisherAt(scope, rig, bob, 'other')
    // It asks for no gateway: whichever `postern` does.
    const machine = { home: person.home, env: publisher.env }
    await runLine(scope, machine, guide.command(/^postern tunnel import/))
    const imported = parse(await readFile(join(person.home, 'access.yaml'), 'utf8')) as {
      access: object[]
    }
    const to = { service: `tcp://127.0.0.1:${service}` }
    const access = imported.access.map((entry) => ({ ...entry, ...to }))
    await rig.configure((file) => ({ ...file, access }))
    await rig.lines.first((line) => line['message'] === 'configuration reloaded')

    await runLine(scope, person, guide.command(/^postern access login/))
    const folder = join(person.home, '.cloudflared')
    const [name = ''] = (await readdir(folder)).filter((file) => file.endsWith('-token'))
    assert.match(name, /^tcp\.site\.com-/)
    const token = await readFile(join(folder, name), 'utf8')
    assert.equal(await upgrade(rig, token), 101)
    assert.equal(await upgrade(rig, undefined), 302)

    await runLine(scope, publisher, guide.command(/^postern tunnel create/))
    const line = guide.command(/^postern tunnel token --for-cloudflared/)
    const printed = (await runLine(scope, publisher, line)).output
    const ca = join(publisher.home, '.postern', 'connectors-ca.pem')
    assert.match(await readFile(ca, 'utf8'), /^-----BEGIN CERTIFICATE-----/)
    // As the page shows it, with what is of this machine in its place.
    const shown = guide.block('text').replaceAll(/\\\n +|\n/g, '')
    const edge = Array.from({ length: 5 }, () => `localhost:${rig.port}`).join(',')
    assert.equal(
      printed.replace(/TUNNEL_TOKEN=\S+/, 'TUNNEL_TOKEN=…').trim(),
      shown
        .replace('gw.site.com:443,…', edge)
        .replace('/home/me/.postern/connectors-ca.pem', /\s/.test(ca) ? `'${ca}'` : ca),
    )
    guide.finish()
  })
})

/** The status that cloudflared's upgrade is answered with (`carrier/websocket.go`). */
async function upgrade({ port, ca }: GatewayRig, token: string | undefined): Promise<number> {
  const asked = request({
    port,
    ca,
    servername: 'tcp.site.com',
    agent: false,
    headers: {
      host: 'tcp.site.com',
      'user-agent': 'cloudflared/2026.8.2',
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
      'sec-websocket-version': '13',
      ...(token === undefined ? {} : { 'cf-access-token': token }),
    },
  })
  asked.on('error', () => undefined).end()
  return new Promise((resolve, reject) => {
    asked.once('close', () => reject(new Error('no answer')))
    asked.once('response', ({ statusCode = 0 }) => resolve(statusCode))
    asked.once('upgrade', ({ statusCode = 0 }, socket) => {
      socket.destroy()
      resolve(statusCode)
    })
  })
}
