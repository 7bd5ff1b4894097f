import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { describe } from 'node:test'
import { openRig } from '../../src/client/gateway-client.fixture.ts'
import { startLocalProxy, type ProxyEvent } from '../../src/desktop/proxy/local-proxy.ts'
import type { DaemonView } from '../../src/desktop/wire/view.ts'
import { dial } from '../../src/net/dial.ts'
import { startFakeGateway, type FakeAnswer } from '../../src/reach/fake-gateway.fixture.ts'
import { encodeRefusal } from '../../src/tunnel/refusal.ts'
import { mustRun, runChild, startChild, type Result } from './child.ts'
import { openChromium } from './peers/chromium.ts'
import { startSshd } from './peers/openssh.ts'
import { peerTest, program } from './peers.ts'
import { personAt } from './person.ts'
import { alice, bob, posternCommand, route, startRig, type GatewayRig } from './rig.ts'
import type { Scope } from './scope.ts'
import { startService } from './services.ts'

const password = { user: 'postern', password: 'p4ss_word-of-32-letters-for-tests' }
const pair = `${password.user}:${password.password}`
const basic = `Basic ${Buffer.from(pair).toString('base64')}`
const page = 'http://web.corp:8080/'

describe('the local proxy and the programs that use it', () => {
  peerTest('curl reaches a route by HTTP and by SOCKS', ['curl'], async (scope) => {
    const { address, asked } = await startProxy(scope, { connect: () => ({ serve: answerHello }) })
    const ways = [
      ['--proxytunnel', '--proxy', `http://${pair}@${address}`],
      ['--proxytunnel', '--proxy', `http://${address}`, '--proxy-user', pair],
      ['--proxytunnel', '--proxy-anyauth', '--proxy', `http://${pair}@${address}`],
      ['--socks5-hostname', address, '--proxy-user', pair],
      ['--proxy', `socks5h://${pair}@${address}`],
    ]
    for (const way of ways) {
      const { output } = await curl(scope, ...way, page)
      assert.equal(output, 'hello', way.join(' '))
    }
    assert.deepEqual(asked(), Array<string>(ways.length).fill('web.corp:8080'))
  })

  peerTest('curl reaches a route by a socket of its own', ['curl'], async (scope) => {
    const path = join(scope.directory, 'proxy')
    const { asked } = await startProxy(scope, { path, connect: () => ({ serve: answerHello }) })
    const { output } = await curl(scope, '--proxy', `socks5h://localhost${path}`, page)
    assert.equal(output, 'hello')
    assert.deepEqual(asked(), ['web.corp:8080'])
  })

  peerTest('curl says what the proxy says', ['curl'], async (scope) => {
    const said = { code: 'policy_denied', message: 'no', next: 'ask for it', requestId: 'r7' }
    const { address, asked, kinds } = await startProxy(scope, {
      connect: () => ({ status: 403, body: encodeRefusal(said) }),
    })
    const http = ['--proxytunnel', '--proxy', `http://${pair}@${address}`]
    const refused = await curl(scope, '-v', ...http, page)
    assert.equal(refused.ending, 56)
    assert.match(refused.errors, /< HTTP\/1\.1 403 no\r?\n/)
    assert.match(refused.errors, /CONNECT tunnel failed, response 403/)
    const bySocks = await curl(scope, '--proxy', `socks5h://${pair}@${address}`, page)
    assert.equal(bySocks.ending, 97, bySocks.errors)
    assert.match(bySocks.errors, /\(2\)/)
    assert.equal(asked().length, 2)
    assert.deepEqual(kinds(), ['began', 'failed', 'began', 'failed'])
  })

  peerTest(
    'curl gets nowhere without the password, nor without a tunnel',
    ['curl'],
    async (scope) => {
      const { address, asked } = await startProxy(scope, {
        connect: () => ({ serve: answerHello }),
      })
      const wrong = `${password.user}:guess`
      const cases: [RegExp | undefined, number, ...string[]][] = [
        [/response 407/, 56, '--proxytunnel', '--proxy', `http://${address}`, page],
        [/response 407/, 56, '--proxytunnel', '--proxy', `http://${wrong}@${address}`, page],
        [undefined, 97, '--proxy', `socks5h://${address}`, page],
        [undefined, 97, '--proxy', `socks5h://${wrong}@${address}`, page],
        [undefined, 97, '--socks4a', address, page],
        [/405/, 22, '--fail', '--proxy', `http://${pair}@${address}`, page],
        [/405/, 22, '--fail', `http://${address}/`],
      ]
      for (const [words, ending, ...args] of cases) {
        const result = await curl(scope, ...args)
        assert.equal(result.ending, ending, `${args.join(' ')}: ${result.errors}`)
        if (words !== undefined) assert.match(result.errors, words)
      }
      assert.deepEqual(asked(), [])
    },
  )

  peerTest('postern up opens it, and a person signs in once', ['curl'], async (scope) => {
    const webPort = await startService(scope, answerHello)
    const rig = await startRig(scope, [
      route('web.corp.example.com:8080', webPort, [alice]),
      route('wiki.corp.example.com:8080', webPort, [bob]),
    ])
    const person = await personAt(scope, rig, alice)
    const own = { env: person.env, cwd: person.home }
    const team = join(person.home, 'team.yaml')
    await writeFile(team, teamFile(rig))
    const tcp = person.tcpArgs('')
    const browser = tcp.slice(tcp.indexOf('--browser-cmd'), -1)
    const up = ['up', '--foreground', '-f', team, '--proxy', '127.0.0.1:0', ...browser]
    const daemon = startChild(scope, ...posternCommand(...up), own)
    const [url, secret = '', address = ''] = await daemon.says(/^http:\/\/postern:(\S+)@(\S+)$/m)

    const http = ['--proxytunnel', '--proxy', url]
    const hello = await curl(scope, ...http, 'http://web.corp.example.com:8080/')
    assert.equal(hello.output, 'hello', hello.errors)
    const socks = ['--proxy', url.replace('http:', 'socks5h:')]
    assert.equal((await curl(scope, ...socks, 'http://WEB.corp.example.com:8080/')).output, 'hello')
    assert.equal((await person.browserStarts()).length, 1)
    const denied = await curl(scope, '-v', ...http, 'http://wiki.corp.example.com:8080/')
    assert.match(denied.errors, /< HTTP\/1\.1 403 "alice@example\.com" may not use route "wiki"/)
    const unknown = await curl(scope, '-v', ...http, 'http://no.corp.example.com:8080/')
    assert.match(unknown.errors, /< HTTP\/1\.1 404 /)

    const postern = (...args: string[]) => mustRun(scope, ...posternCommand(...args), own)
    const { proxies } = JSON.parse((await postern('status', '--json')).output) as DaemonView
    assert.deepEqual(
      proxies.map((proxy) => [proxy.address, proxy.gateway, proxy.user, proxy.tunnels]),
      [[address, rig.origin, 'postern', 0]],
    )
    assert.doesNotMatch(daemon.errors(), new RegExp(secret), 'the password is in the log')
    assert.match((await postern('down', '--proxy')).errors, /the local proxy on \S+ is closed/)
    assert.equal((await curl(scope, ...http, page)).ending, 7)
  })

  peerTest('a web page that knows the password opens nothing', ['Chromium'], async (scope) => {
    const { address, asked, kinds } = await startProxy(scope, {
      connect: () => ({ serve: answerHello }),
    })
    const evilPort = await startService(scope, answerHello)
    const { page } = await openChromium(scope)
    await page.goto(`http://127.0.0.1:${evilPort}/`)
    const head = `CONNECT db.corp:5432 HTTP/1.1\r\nProxy-Authorization: ${basic}\r\n\r\n`
    const attacks: Readonly<Record<string, Attack>> = {
      read: {},
      send: { mode: 'no-cors', method: 'POST', body: head },
      connect: { method: 'CONNECT' },
      show: { headers: { 'Proxy-Authorization': basic } },
    }
    const learnt = await page.evaluate(
      async ([url, all]) => {
        const trials = Object.entries(all).map(async ([name, init]) => {
          const what = await fetch(url, init).then(
            ({ type }) => type,
            () => 'failed',
          )
          return [name, what] as const
        })
        return Object.fromEntries(await Promise.all(trials))
      },
      [`http://${address}/`, attacks] as const,
    )
    // "opaque": the page learns nothing but that something answered.
    const wanted = { read: 'failed', send: 'opaque', connect: 'failed', show: 'failed' }
    assert.deepEqual(learnt, wanted)
    assert.deepEqual(asked(), [])
    assert.deepEqual([...new Set(kinds())], ['turned-away'])
  })

  peerTest('ssh reaches a host through socat', ['OpenSSH', 'socat'], async (scope) => {
    const host = 'ssh.corp'
    const sshd = await startSshd(scope, host)
    const { address, asked } = await startProxy(scope, { connect: () => leadTo(sshd.port) })
    const [at, port = ''] = address.split(':')
    const way = `socat - PROXY:${at}:%h:%p,proxyport=${port},proxyauth=${pair}`
    const options = [...sshd.clientOptions, '-l', sshd.user, '-o', `ProxyCommand=${way}`]
    const { output } = await mustRun(scope, program('ssh'), [...options, host, 'cat; echo end'], {
      env: { PATH: process.env['PATH'] ?? '' },
      cwd: scope.directory,
      input: 'through\n',
    })
    assert.equal(output, 'through\nend\n')
    assert.deepEqual(asked(), [`${host}:22`])
  })
})

/** What a page may ask of `fetch`. */
interface Attack {
  readonly mode?: 'no-cors'
  readonly method?: string
  readonly body?: string
  readonly headers?: Record<string, string>
}

interface Started {
  readonly address: string
  asked(): string[]
  kinds(): string[]
}

interface Wanted {
  /** A Unix socket, in the place of a port. */
  readonly path?: string
  readonly connect: () => FakeAnswer
}

async function startProxy(scope: Scope, { path, connect }: Wanted): Promise<Started> {
  const gateway = await startFakeGateway({ isPublic: true, connect })
  scope.defer(async () => gateway[Symbol.asyncDispose]())
  const rig = await openRig(gateway)
  scope.defer(async () => rig[Symbol.asyncDispose]())
  const events: ProxyEvent[] = []
  const proxy = await startLocalProxy({
    listen:
      path === undefined ? { kind: 'tcp', host: '127.0.0.1', port: 0 } : { kind: 'unix', path },
    password: path === undefined ? password : undefined,
    client: rig.client,
    report: (event) => void events.push(event),
  })
  scope.defer(() => proxy.close(0))
  return {
    address: proxy.address,
    asked: () => gateway.connects.map(({ authority }) => authority),
    kinds: () => events.map(({ kind }) => kind),
  }
}

/** By it the daemon knows how the gateway is trusted. */
function teamFile({ origin, caFile }: GatewayRig): string {
  return `connections:
  - { name: web, destination: 'web.corp.example.com:8080', gateway: '${origin}', ca_file: '${caFile}', listen: '127.0.0.1:0' }
`
}

/** A little web service. */
function answerHello(tunnel: Duplex): void {
  tunnel
    .on('error', () => undefined)
    .once('data', () => {
      tunnel.end('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello')
    })
}

function leadTo(port: number): FakeAnswer {
  return {
    serve(tunnel) {
      tunnel.on('error', () => undefined)
      void dial({ host: '127.0.0.1', port }).then((service) => {
        service.on('error', () => tunnel.destroy())
        tunnel.pipe(service).pipe(tunnel)
      })
    },
  }
}

function curl(scope: Scope, ...args: readonly string[]): Promise<Result> {
  const always = ['--silent', '--show-error', '--max-time', '60', '--noproxy', '']
  return runChild(scope, program('curl'), [...always, ...args], {
    env: { PATH: process.env['PATH'] ?? '' },
    cwd: scope.directory,
  })
}
