import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer as createPages } from 'node:http'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { join } from 'node:path'
import { describe } from 'node:test'
import { stringify } from 'yaml'
import { freePort } from '../../src/net/free-port.fixture.ts'
import { runChild, startChild, type Child, type Result } from './child.ts'
import type { LogLine } from './log-lines.ts'
import { peerTest, program } from './peers.ts'
import { publisherAt, siteFor } from './publisher.ts'
import { alice, posternCommand, startRig, type GatewayRig } from './rig.ts'
import type { Scope } from './scope.ts'
import { echo } from './services.ts'

const namedTunnel = 'lab'

describe('what clients name behind a connector', () => {
  peerTest(
    'is reached where its lists say so, by a bastion and by SOCKS',
    ['curl'],
    async (scope) => {
      const rules = await startRules(scope)
      await checkBastion(rules)
      await checkNoBastion(rules)
      await checkSocks(scope, rules)
    },
  )
})

async function checkBastion({ access, allowed, refused, rig, connector }: Rules): Promise<void> {
  for (const host of ['127.0.0.1', 'localhost', '[::1]']) {
    const { output } = await access('jump.site.com', `${host}:${allowed}`)
    assert.equal(output, 'hello', host)
  }
  const named = `127.0.0.1:${refused}`
  const denied = await access('jump.site.com', named)
  assert.equal(denied.ending, 4)
  assert.match(denied.errors, new RegExp(`"jump.site.com" does not lead to "${named}"\n.*ipRules`))
  const why = `"ipRules" do not allow "${named}"`
  await connector.says(new RegExp(`WRN connector: refused a stream .*${why}`))
  const line = await rig.lines.first((one) => one['bastion-target'] === named)
  assert.equal(line['response-code-details'], 'bastion_target_refused')
  assert.match(String(line['error']), new RegExp(why))

  const nobody = await access('jump.site.com')
  assert.equal(nobody.ending, 2)
  assert.match(nobody.errors, /is a bastion .*\n.*--destination HOST:PORT/)
}

/** What a client names does not count, whichever way the application leads. */
async function checkNoBastion({ access, allowed, rig, connector }: Rules): Promise<void> {
  const said = connector.errors()
  const named = `127.0.0.1:${allowed}`
  for (const host of ['tcp.site.com', 'socks.site.com', 'direct.site.com']) {
    const { ending, errors } = await access(host, named)
    assert.equal(ending, 2, errors)
    assert.match(errors, new RegExp(`"${host}" is no bastion, and does not lead to "${named}"`))
  }
  assert.equal((await access('tcp.site.com')).output, 'hello')
  const isRefused = (line: LogLine): boolean => line['response-code-details'] === 'no_bastion'
  await rig.lines.first(() => rig.lines.all(isRefused).length === 3)
  assert.equal(connector.errors(), said)
}

async function checkSocks(scope: Scope, { listen, pages, connector }: Rules): Promise<void> {
  const port = await listen('socks.site.com')
  const fetch = (url: string): Promise<Result> =>
    runChild(scope, program('curl'), ['-sS', '--socks5-hostname', `127.0.0.1:${port}`, url])
  for (const host of ['127.0.0.1', 'localhost', '[::1]']) {
    assert.equal((await fetch(`http://${host}:${pages.allowed}/`)).output, 'a page', host)
  }
  const { errors } = await fetch(`http://127.0.0.1:${pages.refused}/`)
  // RFC 1928 §6: 2 is "connection not allowed by ruleset".
  assert.match(errors, /\(2\)/)
  await connector.says(
    new RegExp(`not connected by SOCKS: "ipRules" do not allow "127.0.0.1:${pages.refused}"`),
  )
}

interface Rules {
  readonly rig: GatewayRig
  readonly connector: Child
  /** Ports of this machine with an echo: one that the lists allow, and one that they do not. */
  readonly allowed: number
  readonly refused: number
  /** The same with a web page. */
  readonly pages: { readonly allowed: number; readonly refused: number }
  /** Sends "hello" to an application by standard input, and perhaps names what is behind it. */
  access(hostname: string, destination?: string): Promise<Result>
  /** Opens a local port for it. */
  listen(hostname: string): Promise<number>
}

/** A gateway, and a connector with a bastion, a SOCKS proxy and a service. */
async function startRules(scope: Scope): Promise<Rules> {
  const [allowed, refused] = [await startEcho(scope), await startEcho(scope)]
  const pages = { allowed: await startPage(scope), refused: await startPage(scope) }
  const policies = [{ action: 'bypass', include: [{ everyone: true }] }]
  const services = {
    'jump.site.com': `connector://${namedTunnel}/bastion`,
    'socks.site.com': `connector://${namedTunnel}`,
    'tcp.site.com': `connector://${namedTunnel}`,
    'direct.site.com': `tcp://127.0.0.1:${allowed}`,
  }
  const access = Object.entries(services).map(([hostname, service]) => ({
    hostname,
    service,
    policies,
  }))
  const rig = await startRig(scope, [], {
    ...(await siteFor(scope, 'site.com', alice)),
    access,
  })
  const publisher = await publisherAt(scope, rig, alice, namedTunnel)
  const ipRules = ['127.0.0.0/8', '::1/128'].map((prefix) => ({
    prefix,
    ports: [allowed, pages.allowed],
    allow: true,
  }))
  const config = join(publisher.home, 'config.yml')
  const ingress = [
    { hostname: 'jump.site.com', service: 'bastion' },
    { hostname: 'socks.site.com', service: 'socks-proxy' },
    { service: `tcp://127.0.0.1:${allowed}` },
  ]
  const settings = { 'token-file': publisher.tokenFile, originRequest: { ipRules }, ingress }
  await writeFile(config, stringify(settings))
  const connector = await publisher.startConnector('run', '--config', config)
  const gateway = ['--gateway', rig.origin, '--ca-file', rig.caFile]
  const command = (hostname: string, ...options: string[]): [string, string[]] =>
    posternCommand('access', 'tcp', '--hostname', hostname, ...gateway, ...options)
  const { env } = publisher
  return {
    rig,
    connector,
    allowed,
    refused,
    pages,
    access(hostname, destination) {
      const options = destination === undefined ? [] : ['--destination', destination]
      return runChild(scope, ...command(hostname, ...options), { env, input: 'hello' })
    },
    async listen(hostname) {
      const port = await freePort()
      const child = startChild(scope, ...command(hostname, '--url', `localhost:${port}`), { env })
      await child.says(/listening on/)
      return port
    },
  }
}

/** On both families of addresses. */
async function startServer(scope: Scope, server: Server): Promise<number> {
  server.listen(0, '::')
  await once(server, 'listening')
  scope.defer(() => void server.close())
  return (server.address() as AddressInfo).port
}

function startEcho(scope: Scope): Promise<number> {
  return startServer(scope, createServer({ allowHalfOpen: true }, echo))
}

function startPage(scope: Scope): Promise<number> {
  const page = createPages((_, response) => void response.end('a page'))
  return startServer(scope, page)
}
