import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmod, mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import {
  followSignIn,
  startFakeGateway,
  type FakeGateway,
  type FakeGatewayOptions,
} from '../../src/reach/fake-gateway.fixture.ts'
import { createSandbox, start, startPostern, type Running } from './program.ts'
import { posternInShell } from '../postern-program.ts'

interface Rig extends AsyncDisposable {
  readonly gateway: FakeGateway
  /** The gateway's host and port, as an application's host name. */
  readonly host: string
  readonly path: string
  /** Starts `postern access`; killed at the end of the test. */
  access(...args: string[]): Running
  /** The same on a terminal. */
  onTerminal(...args: string[]): Running
}

async function openRig(options: FakeGatewayOptions = {}): Promise<Rig> {
  const gateway = await startFakeGateway(options)
  const sandbox = await createSandbox()
  const caFile = join(sandbox.path, 'ca.pem')
  await writeFile(caFile, gateway.ca)
  const env = { ...sandbox.env, PATH: `${sandbox.path}:${process.env['PATH']}` }
  const started: Running[] = []
  const add = (running: Running): Running => {
    started.push(running)
    return running
  }
  const command = ([name = '', ...args]: readonly string[]): string[] => [
    'access',
    name,
    '--ca-file',
    caFile,
    ...args,
  ]
  return {
    gateway,
    host: new URL(gateway.origin).host,
    path: sandbox.path,
    access: (...args) => add(startPostern(command(args), { env })),
    onTerminal(...args) {
      const line = [posternInShell, ...command(args)].join(' ')
      return add(start('script', ['-qec', line, '/dev/null'], sandbox.env))
    },
    async [Symbol.asyncDispose]() {
      for (const { child } of started) child.kill('SIGKILL')
      await Promise.all(started.map(({ ended }) => ended))
      await gateway[Symbol.asyncDispose]()
      await sandbox[Symbol.asyncDispose]()
    },
  }
}

async function echoes(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  const text = randomBytes(8).toString('hex')
  socket.write(text)
  assert.equal(String((await once(socket, 'data'))[0]), text)
  return socket
}

const listening = /INF access: listening on 127\.0\.0\.1:(\d+)\n/

describe('postern access tcp', () => {
  test('serves the local address of the pages, and asks for the application on 443', async () => {
    await using rig = await openRig({ isPublic: true })
    const program = rig.access('tcp', '--hostname', rig.host, '--url', 'localhost:0')
    const [, port] = await program.untilStderr(listening)
    const socket = await echoes(Number(port))
    assert.deepEqual(
      rig.gateway.connects.map(({ authority }) => authority),
      ['localhost:443'],
    )
    socket.end()
    program.child.kill('SIGTERM')
    assert.equal((await program.ended).code, 0)
  })

  test('500 connections at once lead to one sign-in, and each carries its own bytes', async () => {
    await using rig = await openRig()
    const program = rig.access('tcp', '-T', rig.host, '-L', 'localhost:0', '--browser-cmd', 'true')
    const [, port] = await program.untilStderr(listening)
    const sockets = Array.from({ length: 500 }, () => echoes(Number(port)))
    const [, url = ''] = await program.untilStderr(/sign in at:\n\n {2}(\S+)/)
    await followSignIn(url)
    for (const socket of await Promise.all(sockets)) socket.destroy()
    assert.equal(rig.gateway.logins, 1)
  })

  test('sends further fields of a request, and none of ours is replaced', async () => {
    await using rig = await openRig({ isPublic: true })
    const options = ['-H', 'X-Team: dba', '--destination', '10.0.0.5:22']
    const program = rig.access('ssh', '-T', rig.host, ...options)
    program.child.stdin?.end('hello')
    assert.equal((await program.ended).stdout, 'hello')
    const headers = rig.gateway.connects[0]?.headers ?? {}
    assert.equal(headers['x-team'], 'dba')
    assert.equal(headers['cf-access-jump-destination'], '10.0.0.5:22')
    assert.match(String(headers['user-agent']), /^postern\//)
  })

  test('keeps what it says in a log file as well, without a secret', async () => {
    await using rig = await openRig({ isPublic: true })
    const logfile = join(rig.path, 'access.log')
    const secret = ['--id', 'ci', '--secret', 's3cret-value']
    const program = rig.access('tcp', '-T', rig.host, '--logfile', logfile, ...secret)
    program.child.stdin?.end('hello')
    const { code, stdout } = await program.ended
    assert.deepEqual([code, stdout], [0, 'hello'])
    const text = await readFile(logfile, 'utf8')
    assert.match(text, /"component":"access".*--service-token-secret/)
    assert.doesNotMatch(text, /s3cret-value/)
    assert.equal((await stat(logfile)).mode & 0o777, 0o600)
  })

  test('on a terminal it says that what is typed goes to the application', async (t) => {
    if (process.platform !== 'linux') return t.skip('missing: script of util-linux')
    await using rig = await openRig({ isPublic: true })
    const program = rig.onTerminal('tcp', '-T', rig.host)
    program.child.stdin?.end('\u0004')
    const { stdout } = await program.ended
    assert.match(
      stdout,
      /WRN access: standard input is a terminal.*\s+hint: "--url localhost:PORT"/,
    )
    return undefined
  })
})

/** Who is signed in, as a gateway answers it. */
const owner = { status: 200, body: '{"email":"ada@site.com"}' }

describe('postern access login, token and curl', () => {
  /** Signs in without a browser of the system's. */
  async function signIn(rig: Rig, ...more: string[]): Promise<string> {
    const program = rig.access('login', rig.gateway.origin, '--browser-cmd', 'true', ...more)
    const [, url = ''] = await program.untilStderr(/sign in at:\n\n {2}(\S+)/)
    await followSignIn(url)
    const { code, stdout } = await program.ended
    assert.equal(code, 0)
    return stdout
  }

  test('login prints the token as scripts of cloudflared find it, and token prints it later', async () => {
    await using rig = await openRig({ answers: { '/.pomerium/user': owner } })
    const application = `${rig.gateway.origin}/any/path?x`
    const none = await rig.access('token', application).ended
    assert.deepEqual([none.code, none.stdout], [3, ''])
    assert.match(none.stderr, /nobody is signed in to "https:.*\n {2}hint: "postern access login /)
    const [, token = ''] =
      /^Successfully fetched your token:\n\n(\S+)\n\n$/.exec(await signIn(rig)) ?? []
    assert.ok(rig.gateway.tokens.has(token))
    assert.equal((await rig.access('token', application).ended).stdout, token)
    assert.equal((await rig.access('token', '--app', application).ended).stdout, token)
    assert.equal((await rig.access('login', '--no-verbose', application).ended).stdout, token)
    assert.equal((await rig.access('login', '-q', application).ended).stdout, '')
    assert.equal(rig.gateway.logins, 1)
  })

  test('curl is given the token where no other user sees it, and sends it to that host alone', async () => {
    await using rig = await openRig({ answers: { '/.pomerium/user': owner } })
    const token = (await signIn(rig, '--no-verbose')).trim()
    const curl = join(rig.path, 'curl')
    // What a real curl does with it, and what everybody can see of it.
    await writeFile(curl, '#!/bin/sh\ncat "$2" >&2\nprintf "%s\\n" "$@"\nexit 22\n', {
      mode: 0o755,
    })
    const program = rig.access('curl', `${rig.gateway.origin}/a?b`, '-d', '@-')
    const { code, stdout, stderr } = await program.ended
    assert.equal(code, 22)
    assert.ok(stdout.includes('-d\n@-\n') && !stdout.includes(token), stdout)
    assert.ok(stderr.includes(`header = "authorization: Pomerium ${token}"`), stderr)
    assert.match(stderr, /proto-redir = "=https"/)
  })

  test('curl is not run for an address without encryption', async () => {
    await using rig = await openRig()
    const { code, stderr } = await rig.access('curl', 'http://tcp.site.com/').ended
    assert.equal(code, 2)
    assert.match(stderr, /is no address to send a token to/)
  })
})

describe('postern access rdp', () => {
  test('chooses a port and says where to point the client', async () => {
    await using rig = await openRig({ isPublic: true })
    const program = rig.access('rdp', '--hostname', rig.host)
    const [, port] = await program.untilStderr(
      /point the Remote Desktop client at 127\.0\.0\.1:(\d+)/,
    )
    const socket = await echoes(Number(port))
    socket.destroy()
  })

  test('refuses the port on which this machine answers itself, even on another of its addresses', async () => {
    await using rig = await openRig({ isPublic: true })
    const own = createServer((socket) => socket.destroy()).listen(0)
    await once(own, 'listening')
    const { port } = own.address() as AddressInfo
    const { code, stderr } = await rig.access('rdp', '-T', rig.host, '-L', `localhost:${port}`)
      .ended
    own.close()
    assert.equal(code, 8)
    assert.match(stderr, /such as this machine's own Remote Desktop\n {2}hint: leave out "--url"/)
  })

  test('leaves out such a port of a file, and serves the others', async () => {
    await using rig = await openRig({ isPublic: true })
    const own = createServer((socket) => socket.destroy()).listen(0)
    await once(own, 'listening')
    const { port } = own.address() as AddressInfo
    const entry = (host: string, at: number): string =>
      `  - {url: ${host}, listener: "localhost:${at}"}\n`
    const path = join(rig.path, 'desktops.yaml')
    await writeFile(path, `forwarders:\n${entry('a.test', port)}${entry('b.test', 0)}`)
    const program = rig.access('rdp', '--config', path, '--gateway', rig.gateway.origin)
    await program.untilStderr(
      /a\.test waits for "localhost:\d+": .* own Remote Desktop\n {2}hint: name another port/,
    )
    const [, other] = await program.untilStderr(/listening on 127\.0\.0\.1:(\d+) for b\.test/)
    await echoes(Number(other)).then((socket) => socket.destroy())
    own.close()
  })
})

describe('postern access tcp with several applications', () => {
  test('serves each on its own address, with one sign-in', async () => {
    await using rig = await openRig()
    const services = ['a.test', 'b.test'].flatMap((host) => ['-T', host, '-L', 'localhost:0'])
    const options = ['--gateway', rig.gateway.origin, '--browser-cmd', 'true']
    const program = rig.access('tcp', ...services, ...options)
    const ports = await Promise.all(
      ['a.test', 'b.test'].map(async (host) => {
        const line = new RegExp(`listening on 127\\.0\\.0\\.1:(\\d+) for ${host}`)
        return Number((await program.untilStderr(line))[1])
      }),
    )
    const sockets = ports.map(echoes)
    const [, url = ''] = await program.untilStderr(/sign in at:\n\n {2}(\S+)/)
    await followSignIn(url)
    for (const socket of await Promise.all(sockets)) socket.destroy()
    assert.deepEqual(
      [...new Set(rig.gateway.connects.map(({ authority }) => authority))].toSorted(),
      ['a.test:443', 'b.test:443'],
    )
    assert.equal(rig.gateway.logins, 1)
  })

  test('follows its file: what is added is served, and what is broken changes nothing', async () => {
    await using rig = await openRig({ isPublic: true })
    const path = join(rig.path, 'forwarders.yaml')
    const entry = (host: string): string => `  - {url: ${host}, listener: "localhost:0"}\n`
    await writeFile(path, `forwarders:\n${entry('a.test')}`)
    const program = rig.access('tcp', '--config', path, '--gateway', rig.gateway.origin)
    const port = async (host: string): Promise<number> =>
      Number((await program.untilStderr(new RegExp(`:(\\d+) for ${host}`)))[1])
    const first = await echoes(await port('a.test'))

    await writeFile(path, `forwarders:\n${entry('a.test')}  - {url: b.te`)
    await program.untilStderr(
      / is not taken over, what ran goes on\n.*ERR access: .*forwarders\.yaml:\d+:\d+: /,
    )
    await echoes(await port('a.test')).then((socket) => socket.destroy())

    await writeFile(`${path}.new`, `forwarders:\n${entry('a.test')}${entry('b.test')}`)
    await rename(`${path}.new`, path)
    await echoes(await port('b.test')).then((socket) => socket.destroy())
    first.write('still here')
    assert.equal(String((await once(first, 'data'))[0]), 'still here')
    first.destroy()
  })

  test('takes the names of remembered gateways, and says at its place which is none', async () => {
    await using rig = await openRig({ isPublic: true })
    const path = join(rig.path, 'forwarders.yaml')
    const folder = join(rig.path, 'config', 'postern')
    await mkdir(folder, { recursive: true })
    const gateways = [{ name: 'work', url: rig.gateway.origin }]
    await writeFile(join(folder, 'gateways.json'), JSON.stringify({ version: 1, gateways }))
    const entry = (gateway: string): string =>
      `forwarders:\n  - {url: a.test, listener: "localhost:0", gateway: ${gateway}}\n`
    await writeFile(path, entry('wrok'))
    const { code, stderr } = await rig.access('tcp', '--config', path).ended
    assert.equal(code, 2)
    assert.match(stderr, /:2:\d+: forwarders\[0\]\.gateway: no gateway is remembered as "wrok"/)
    await writeFile(path, entry('work'))
    const program = rig.access('tcp', '--config', path)
    const [, port] = await program.untilStderr(/:(\d+) for a\.test/)
    await echoes(Number(port)).then((socket) => socket.destroy())
    assert.deepEqual(
      rig.gateway.connects.map(({ authority }) => authority),
      ['a.test:443'],
    )
  })

  test("an entry's own credential comes before the command line's, and a file that others read is named", async () => {
    await using rig = await openRig({ isPublic: true })
    const path = join(rig.path, 'forwarders.yaml')
    await writeFile(join(rig.path, 'ci.token'), 'aa.bb.cc\n')
    await writeFile(
      path,
      `forwarders:
  - {url: a.test, listener: "localhost:0", serviceTokenID: own, serviceTokenSecret: s3cret}
  - {url: b.test, listener: "localhost:0", serviceAccountFile: ci.token}
  - {url: c.test, listener: "localhost:0"}
`,
    )
    await chmod(path, 0o644)
    const common = join(rig.path, 'common.token')
    await writeFile(common, 'dd.ee.ff\n')
    const options = ['--gateway', rig.gateway.origin, '--service-account-file', common]
    const program = rig.access('tcp', '--config', path, ...options)
    await program.untilStderr(/WRN access: other users of this machine can read the secrets in/)
    for (const host of ['a', 'b', 'c']) {
      const line = new RegExp(`:(\\d+) for ${host}\\.test`)
      const socket = await echoes(Number((await program.untilStderr(line))[1]))
      socket.destroy()
    }
    const shown = rig.gateway.connects.map(({ headers }) => [
      headers['cf-access-client-id'],
      headers.authorization,
    ])
    assert.deepEqual(shown, [
      ['own', undefined],
      [undefined, 'Pomerium aa.bb.cc'],
      [undefined, 'Pomerium dd.ee.ff'],
    ])
  })
})
