import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmod, readdir, stat, writeFile } from 'node:fs/promises'
import type { ServerHttp2Stream } from 'node:http2'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import type { Duplex, Readable } from 'node:stream'
import { describe, test } from 'node:test'
import {
  followSignIn,
  startFakeGateway,
  type FakeGateway,
  type FakeGatewayOptions,
} from '../../src/reach/fake-gateway.fixture.ts'
import { spawnProgram } from '../../src/program.fixture.ts'
import { createSandbox, start, startPostern, type Running } from './program.ts'
import { posternCommand } from '../postern-program.ts'

interface Rig extends AsyncDisposable {
  readonly gateway: FakeGateway
  readonly path: string
  readonly env: NodeJS.ProcessEnv
  /** Starts `postern tcp` for the route `a:1` of the gateway; killed at the end of the test. */
  tcp(...args: string[]): Running
  /** The same as a command line for something else to start. */
  command(...args: string[]): string[]
}

async function openRig(options: FakeGatewayOptions = {}): Promise<Rig> {
  const gateway = await startFakeGateway(options)
  const sandbox = await createSandbox()
  const caFile = join(sandbox.path, 'ca.pem')
  await writeFile(caFile, gateway.ca)
  const fixed = ['tcp', '--gateway', gateway.origin, '--ca-file', caFile, 'a:1']
  const started: Running[] = []
  return {
    gateway,
    path: sandbox.path,
    env: sandbox.env,
    tcp(...args) {
      const running = startPostern([...fixed, ...args], { env: sandbox.env })
      started.push(running)
      return running
    },
    command: (...args) => posternCommand(...fixed, ...args).flat(),
    async [Symbol.asyncDispose]() {
      for (const { child } of started) child.kill('SIGKILL')
      await Promise.all(started.map(({ ended }) => ended))
      await gateway[Symbol.asyncDispose]()
      await sandbox[Symbol.asyncDispose]()
    },
  }
}

const listening = /5?\d:\d{2}[AP]M INF tcptunnel: listening on 127\.0\.0\.1:(\d+)\n/

describe('postern tcp with a local port', () => {
  test('prints the port it chose, serves connections, and ends in order at SIGTERM', async () => {
    await using rig = await openRig({ isPublic: true })
    const program = rig.tcp()
    const [, port] = await program.untilStderr(listening)
    const bytes = randomBytes(500_000)
    const socket = connect({ port: Number(port), host: '127.0.0.1', allowHalfOpen: true })
    const received = collect(socket)
    socket.end(bytes)
    assert.ok((await received).equals(bytes))
    await program.untilStderr(/disconnected 127/)
    program.child.kill('SIGTERM')
    const { code, stdout } = await program.ended
    assert.deepEqual({ code, stdout }, { code: 0, stdout: '' })
  })

  test('--same-user serves this user, and sends no byte of another one', async (t) => {
    if (process.platform !== 'linux' || process.getuid?.() !== 0) {
      assert.notEqual(process.env['CI'], 'true', 'this needs Linux, and root to be another user')
      return t.skip('missing: Linux, and root to be another user')
    }
    await using rig = await openRig({ isPublic: true })
    const program = rig.tcp('--same-user')
    const [, port] = await program.untilStderr(listening)
    const script = `for (let count = 0; count < 20; count++)
      require('node:net').connect(${port}, '127.0.0.1').on('error', () => 0).write('other')`
    const other = spawnProgram(process.execPath, ['-e', script], { uid: 65_534, gid: 65_534 })
    const gone = once(other, 'exit')
    t.after(() => other.kill())
    await program.untilStderr(
      /refused 127\.0\.0\.1:\d+: its program runs as another user \(uid 65534\)/,
    )
    assert.deepEqual(rig.gateway.connects, [])
    const socket = connect({ port: Number(port), host: '127.0.0.1', allowHalfOpen: true })
    const received = collect(socket)
    socket.end('own')
    assert.equal((await received).toString(), 'own')
    await gone
    program.child.kill('SIGTERM')
    // Whoever is refused cannot fill a log either.
    const lines = (await program.ended).stderr.split('\n').filter((line) => line.includes(' WRN '))
    assert.equal(lines.length, 6)
    assert.match(lines.at(-1) ?? '', /15 more connections failed: refused /)
    return undefined
  })

  test('a tunnel that it cuts itself at its end is no error', async () => {
    await using rig = await openRig({ isPublic: true })
    const program = rig.tcp()
    const [, port] = await program.untilStderr(listening)
    const socket = connect({ port: Number(port), host: '127.0.0.1' }).on('error', () => undefined)
    await program.untilStderr(/connected 127/)
    program.child.kill('SIGTERM')
    const { code, stderr } = await program.ended
    assert.equal(code, 0)
    assert.doesNotMatch(stderr, /ERR/)
    socket.destroy()
  })

  // RST_STREAM with NO_ERROR and CANCEL looks to Node like an end in order.
  for (const code of [0, 8]) {
    test(`a program that writes into a tunnel that is over is reset (code ${code})`, async () => {
      await using rig = await openRig({
        isPublic: true,
        connect: () => ({
          serve: (tunnel) => {
            tunnel.end('goodbye')
            tunnel.once('data', () => (tunnel as ServerHttp2Stream).close(code))
          },
        }),
      })
      const program = rig.tcp()
      const [, port] = await program.untilStderr(listening)
      const socket = connect({ port: Number(port), host: '127.0.0.1', allowHalfOpen: true })
      await once(socket.resume(), 'end')
      socket.write('is anybody there?')
      await within(program.untilStderr(/ERR tcptunnel: the tunnel to ".*" was lost before its end/))
      // A reset that comes after the end shows when something is written.
      const failed = once(socket, 'error')
      socket.write('hello?')
      const [{ code: failure }] = await within(failed)
      assert.match(failure, /^(?:ECONNRESET|EPIPE)$/)
    })
  }

  test('tells scripts its address in a JSON line', async () => {
    await using rig = await openRig({ isPublic: true })
    const program = rig.tcp('--log-format', 'json')
    const [line] = await program.untilStderr(/.*\n/)
    const { level, component, addr, time, message } = JSON.parse(line)
    assert.deepEqual({ level, component }, { level: 'info', component: 'tunnel' })
    assert.match(addr, /^127\.0\.0\.1:\d+$/)
    assert.equal(message, `listening on ${addr}`)
    assert.equal(new Date(time).toISOString(), time)
  })

  test('a refused connection is told and reset, and the port stays open', async () => {
    await using rig = await openRig({ isPublic: true, connect: () => ({ status: 403 }) })
    const program = rig.tcp()
    const [, port] = await program.untilStderr(listening)
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const socket = connect({ port: Number(port), host: '127.0.0.1' })
      await assert.rejects(collect(socket), { code: 'ECONNRESET' })
    }
    await program.untilStderr(/ERR tcptunnel: access to "a:1" is denied\n {2}hint: ask/)
    assert.equal(program.child.exitCode, null)
  })

  test('ten connections and a second process at once lead to one sign-in', async () => {
    await using rig = await openRig()
    const opened = join(rig.path, 'opened')
    const browser = await writeBrowser(
      rig,
      `require('node:fs').appendFileSync(${JSON.stringify(opened)}, process.argv[2] + '\\n')`,
    )
    const programs = [rig.tcp('--browser-cmd', browser), rig.tcp('--browser-cmd', browser)]
    const ports = await Promise.all(
      programs.map(async (program) => (await program.untilStderr(listening))[1]),
    )
    const answers = Array.from({ length: 10 }, (_, index) => {
      const socket = connect({
        port: Number(ports[index % 2]),
        host: '127.0.0.1',
        allowHalfOpen: true,
      })
      socket.end(`${index}`)
      return collect(socket)
    })
    const url = await Promise.race(programs.map(shownUrl))
    await followSignIn(url)
    const texts = (await Promise.all(answers)).map(String)
    assert.deepEqual(texts, ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
    assert.equal(rig.gateway.logins, 1)
  })

  test('an address in use is one sentence and exit code 8', async () => {
    await using rig = await openRig()
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    assert.ok(address !== null && typeof address === 'object')
    const { code, stderr } = await rig.tcp('--listen', `127.0.0.1:${address.port}`).ended
    server.close()
    assert.equal(code, 8)
    assert.match(
      stderr,
      /^postern: error: "127\.0\.0\.1:\d+" is in use by another program\n {2}hint: /,
    )
  })

  test('all addresses come with a warning', async () => {
    await using rig = await openRig({ isPublic: true })
    const program = rig.tcp('--listen', ':0')
    await program.untilStderr(/WRN tcptunnel: everybody who reaches ":0" uses the service as you/)
    await program.untilStderr(/listening on (?:\[::\]|0\.0\.0\.0):\d+/)
  })
})

describe('postern tcp with a Unix socket', () => {
  test('lets only its owner in, and leaves nothing behind', async () => {
    await using rig = await openRig({ isPublic: true })
    const path = join(rig.path, 'tunnel.sock')
    const program = rig.tcp('--listen', `unix:${path}`)
    await program.untilStderr(/listening on unix:/)
    assert.equal((await stat(path)).mode & 0o777, 0o600)
    const socket = connect({ path, allowHalfOpen: true })
    const received = collect(socket)
    socket.end('through a path')
    assert.equal((await received).toString(), 'through a path')
    program.child.kill('SIGINT')
    assert.equal((await program.ended).code, 0)
    assert.ok(!(await readdir(rig.path)).includes('tunnel.sock'))
  })

  test('takes over a socket that a killed process left, and none that is answered', async () => {
    await using rig = await openRig({ isPublic: true })
    const path = join(rig.path, 'tunnel.sock')
    const killed = rig.tcp('--listen', `unix:${path}`)
    await killed.untilStderr(/listening on unix:/)
    killed.child.kill('SIGKILL')
    await killed.ended
    const program = rig.tcp('--listen', `unix:${path}`)
    await program.untilStderr(/listening on unix:/)
    const { code, stderr } = await rig.tcp('--listen', `unix:${path}`).ended
    assert.equal(code, 8)
    assert.match(stderr, /is in use by another program/)
  })
})

describe('postern tcp with stdin and stdout', () => {
  test('closes stdout when the service ends, while stdin is still open', async () => {
    await using rig = await openRig({
      isPublic: true,
      connect: () => ({ serve: (tunnel) => void tunnel.resume().end('goodbye') }),
    })
    // A pipe as shells and ssh make it; Node's own would be a socket, which can end without closing.
    const script = '"$@" | { cat; echo reader saw the end >&2; }'
    const program = start('/bin/sh', ['-c', script, 'sh', ...rig.command('--listen', '-')], rig.env)
    await program.untilStderr(/reader saw the end/)
    assert.equal(program.child.exitCode, null)
    program.child.stdin?.end()
    const { code, stdout } = await program.ended
    assert.deepEqual({ code, stdout }, { code: 0, stdout: 'goodbye' })
  })

  for (const protocol of ['h2', 'http/1.1'] as const) {
    test(`delivers a long answer that begins after stdin has ended, over ${protocol}`, async () => {
      const answer = randomBytes(3_000_000).toString('hex')
      await using rig = await openRig({
        isPublic: true,
        protocols: [protocol],
        connect: () => ({ serve: (tunnel) => void collect(tunnel).then(() => tunnel.end(answer)) }),
      })
      const program = rig.tcp('--listen', '-')
      program.child.stdin?.end('question')
      const { code, stdout } = await program.ended
      assert.equal(code, 0)
      assert.equal(stdout, answer)
    })
  }

  const ways = [
    ['SIGTERM', 143, 'h2', 'connect'],
    ['SIGINT', 130, 'http/1.1', 'connect'],
    ['SIGHUP', 129, 'http/1.1', 'websocket'],
  ] as const
  for (const [signal, exitCode, protocol, transport] of ways) {
    const way = transport === 'websocket' ? 'a WebSocket' : protocol
    test(`one ${signal} ends it when the service has ended first, over ${way}`, async () => {
      await using rig = await openRig({
        isPublic: true,
        protocols: [protocol],
        connect: () => ({ serve: goodbye }),
      })
      const program = rig.tcp('--listen', '-', '--transport', transport)
      await once(program.child.stdout as Readable, 'end')
      assert.equal(program.child.exitCode, null)
      program.child.kill(signal)
      assert.equal((await within(program.ended)).code, exitCode)
    })
  }

  test('one SIGTERM ends it while nobody reads stdout', async () => {
    const { promise: blocked, resolve: onBlocked } = Promise.withResolvers<void>()
    await using rig = await openRig({
      isPublic: true,
      connect: () => ({ serve: (tunnel) => void flood(tunnel, onBlocked) }),
    })
    const [command = '', ...args] = rig.command('--listen', '-')
    const child = spawnProgram(command, args, { env: rig.env })
    const exited = once(child, 'exit')
    await blocked
    child.kill('SIGTERM')
    try {
      assert.equal((await within(exited))[0], 143)
    } finally {
      child.kill('SIGKILL')
    }
  })

  test('shows the address and waits when there is no browser to open', async () => {
    await using rig = await openRig()
    const program = rig.tcp('--listen', '-', '--browser-cmd', '/nonexistent/browser')
    program.child.stdin?.end('patience')
    await program.untilStderr(
      /cannot open a browser with "\/nonexistent\/browser": there is no such program/,
    )
    await followSignIn(await shownUrl(program))
    const { code, stdout } = await program.ended
    assert.deepEqual({ code, stdout }, { code: 0, stdout: 'patience' })
  })

  test('a browser command that fails is a warning', async () => {
    await using rig = await openRig()
    const browser = await writeBrowser(rig, 'process.exit(3)')
    const program = rig.tcp('--listen', '-', '--browser-cmd', browser)
    program.child.stdin?.end('patience')
    await program.untilStderr(/it failed with exit code 3/)
    await followSignIn(await shownUrl(program))
    assert.equal((await program.ended).stdout, 'patience')
  })

  test('Ctrl-C during a sign-in ends it and leaves no lock', async () => {
    await using rig = await openRig()
    const program = rig.tcp('--listen', '-', '--browser-cmd', '/bin/true')
    await shownUrl(program)
    program.child.kill('SIGINT')
    const { code, stderr } = await program.ended
    assert.equal(code, 130)
    assert.doesNotMatch(stderr, /error/)
    const left = await readdir(join(rig.path, 'cache', 'postern', 'tokens'))
    // The next run goes on with it.
    assert.deepEqual(
      left.map((name) => name.replace(/^.*\.jwt/, '')),
      ['.sign-in'],
    )
  })
})

/** A program for `--browser-cmd`. */
async function writeBrowser(rig: Rig, script: string): Promise<string> {
  const path = join(rig.path, 'browser')
  await writeFile(path, `#!${process.execPath}\n${script}\n`)
  await chmod(path, 0o755)
  return path
}

async function shownUrl(program: Running): Promise<string> {
  const [, url = ''] = await program.untilStderr(/sign in at:\n\n {2}(https:\S+)\n/)
  return url
}

function goodbye(tunnel: Duplex): void {
  tunnel
    .on('error', () => undefined)
    .resume()
    .end('goodbye')
}

/** Writes until nothing more is taken; a WINDOW_UPDATE more may follow. */
async function flood(tunnel: Duplex, onBlocked: () => void): Promise<void> {
  tunnel.on('error', () => undefined)
  const chunk = Buffer.alloc(64 * 1024)
  while (!tunnel.destroyed) {
    while (tunnel.write(chunk));
    const more = await once(tunnel, 'drain', { signal: AbortSignal.timeout(500) }).catch(onBlocked)
    if (more === undefined) return
  }
}

/** What ends for certain ends soon; the bound is that of a busy machine. */
async function within<T>(done: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error('it goes on after 10 s')), 10_000)
  return Promise.race([done, late.promise]).finally(() => clearTimeout(timer))
}

function collect(stream: Duplex): Promise<Buffer> {
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  return new Promise((resolve, reject) => {
    stream.once('end', () => resolve(Buffer.concat(chunks)))
    stream.once('error', reject)
  })
}
