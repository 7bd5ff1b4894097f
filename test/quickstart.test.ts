import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { promisify } from 'node:util'
import ssh2 from 'ssh2'
import type { ClientCallback } from 'ssh2'
import { dial } from '../src/net/dial.ts'
import { runProgram, spawnProgram } from '../src/program.fixture.ts'
import { endStoreAtSignal } from './cli/end-store.ts'

const root = join(import.meta.dirname, '..')
const runner = join(root, 'scripts', 'run.mjs')
const main = join(root, 'src', 'cli', 'main.ts')
const isCi = process.env['CI'] === 'true'

/** Of its four forms. */
type Exec = (command: string, done: ClientCallback) => unknown

interface Run {
  readonly child: ChildProcess
  /** The folder that stands for /tmp. */
  readonly folder: string
  readonly output: string
  readonly errors: string
  /** Resolves when the output matches; rejects when the program ends before. */
  until(pattern: RegExp): Promise<void>
  readonly ended: Promise<number | null>
}

/** Runs a program with a folder for temporary files of its own, and ends it after the test. */
function run(t: TestContext, words: readonly string[]): Run {
  const folder = mkdtempSync(join(tmpdir(), 'quickstart-test-'))
  // A company's proxy, which knows nothing of this machine: nobody may ask it.
  const proxies = { HTTPS_PROXY: 'http://127.0.0.1:1', NO_PROXY: '', no_proxy: '' }
  const env = { ...proxies, TMPDIR: folder, HOME: folder, NO_COLOR: '1' }
  const [program = '', ...args] = words
  const child = spawnProgram(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const seen = { output: '', errors: '' }
  const waiting = new Set<() => void>()
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    seen.output += chunk
    for (const look of waiting) look()
  })
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    seen.errors += chunk
    for (const look of waiting) look()
  })
  const ended = once(child, 'close').then(([code]) => code as number | null)
  t.after(async () => {
    child.kill('SIGTERM')
    await ended
    rmSync(folder, { recursive: true, force: true })
  })
  return {
    child,
    folder,
    ended,
    get output() {
      return seen.output
    },
    get errors() {
      return seen.errors
    },
    until(pattern) {
      return new Promise((resolve, reject) => {
        const look = (): void => {
          if (!pattern.test(seen.output + seen.errors)) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        void ended.then(() => reject(new Error(`ended: ${seen.output}${seen.errors}`)))
        look()
      })
    },
  }
}

const quickstart = (t: TestContext, ...args: string[]): Run =>
  run(t, [process.execPath, main, 'demo', '--port', '0', ...args])

function gatewayPort({ output }: Run): number {
  return Number(/https:\/\/localhost:(\d+)/.exec(output)?.[1])
}

/** Everything it made is gone: its folder, its port, its database's process. */
async function assertGone(it: Run, postgresId?: number): Promise<void> {
  assert.deepEqual(readdirSync(it.folder), [])
  await assert.rejects(dial({ host: '127.0.0.1', port: gatewayPort(it) }))
  if (postgresId !== undefined) assert.throws(() => process.kill(postgresId, 0), { code: 'ESRCH' })
}

/** A printed command: the only line of four blanks that matches. */
function printed({ output }: Run, pattern: RegExp): string {
  const lines = output.split('\n').filter((line) => /^ {4}\S/.test(line) && pattern.test(line))
  assert.equal(lines.length, 1, `${pattern}: ${lines.join('\n')}`)
  return lines[0]?.trim() ?? ''
}

async function shell(line: string, env: NodeJS.Dict<string> = {}): Promise<string> {
  // A shell of its own directory: the commands must work from anywhere.
  const options = { cwd: tmpdir(), env, timeout: 120_000 }
  const { code, stdout, stderr } = await runProgram('/bin/sh', ['-c', line], options)
  if (code !== 0) throw new Error(`"${line}" ended with ${code}: ${stderr}`)
  return stdout
}

/** Leaves a printed command with a local port running; answers the port. */
async function listen(t: TestContext, line: string): Promise<number> {
  const tunnel = run(t, ['/bin/sh', '-c', `exec ${line}`])
  await tunnel.until(/listening on 127\.0\.0\.1:\d+/)
  return Number(/(?:--listen 127\.0\.0\.1|--url localhost):(\d+)/.exec(line)?.[1])
}

async function sayTo(port: number, words: string): Promise<string> {
  const socket = await dial({ host: '127.0.0.1', port })
  socket.end(words)
  return text(socket)
}

async function isInstalled(program: string): Promise<boolean> {
  const found = await shell(`command -v ${program}`).catch(() => '')
  if (found === '' && isCi) assert.fail(`"${program}" is not installed`)
  return found !== ''
}

test('the proof holds, says why a second person is refused, and leaves nothing behind', async (t) => {
  const it = quickstart(t, '--once')
  assert.equal(await it.ended, 0, it.errors)
  assert.match(it.output, /✓ alice@example\.com signed in/)
  assert.match(it.output, /✓ 64 MiB each way through a tunnel: \d+ MB\/s/)
  assert.match(it.output, /HTTP\/2; /)
  assert.match(it.output, /SHA-256 .* are equal:\n +[0-9a-f]{64}\n/)
  assert.match(it.output, /✓ 4 MiB each way to tcp\.example\.localhost, through its connector\n/)
  assert.match(it.output, /✓ alice@example\.com reached ssh\.example\.localhost:22/)
  assert.match(it.output, /✓ bob@example\.com was refused at ssh\.example\.localhost:22/)
  assert.match(it.output, /"bob@example\.com" may not use route "SSH"/)
  assert.match(it.output, /reasons: groups-unauthorized\n/)
  assert.match(it.output, /request id: [0-9a-f-]{36}\n/)
  assert.equal(it.errors, '')
  await assertGone(it)
})

test('the printed commands work, and SIGINT stops and removes everything', async (t) => {
  const it = quickstart(t, '--no-proof', '--all', '--to', 'tcp://127.0.0.1:1')
  await it.until(/Ctrl-C stops this/)
  await it.until(/start your service/)
  assert.match(
    it.errors,
    /^postern: warning: nothing answers at tcp:\/\/127\.0\.0\.1:1 yet \(.*\): start your service/,
  )

  await t.test('the echo, after a sign-in without a browser', async () => {
    const browser = printed(it, /--browser-cmd .*carol/)
    const line = printed(it, /^ {4}echo hello .* --listen - /)
    const answer = await shell(line.replace(' --listen', ` ${browser} --listen`))
    assert.equal(answer, 'hello through the gateway\n')
  })
  await t.test(
    'commands as the portal gives them, without a word about the authority',
    async () => {
      const line = `postern tcp --gateway https://localhost:${gatewayPort(it)} --listen - echo.example.localhost:7`
      const answer = await shell(`${printed(it, /^ {4}export PATH=/)}; echo hello | ${line}`)
      assert.equal(answer, 'hello\n')
    },
  )
  await t.test('a service behind a connector, by its host name', async (t) => {
    const port = await listen(t, printed(it, /access tcp --hostname tcp\.example/))
    assert.equal(await sayTo(port, 'through the connector'), 'through the connector')
  })
  await t.test('a connector of your own, which leaves nothing at your home', async (t) => {
    const browser = printed(it, /--browser-cmd .*carol/)
    const login = run(t, ['/bin/sh', '-c', `exec ${printed(it, /tunnel login/)} ${browser}`])
    assert.equal(await login.ended, 0, login.errors)
    assert.match(login.errors, /you may publish to "example\.localhost"/)
    const join = run(t, ['/bin/sh', '-c', `exec ${printed(it, /tunnel --hostname mine/)}`])
    await join.until(/Registered tunnel connection connIndex=0 /)
    assert.match(
      join.errors,
      /"mine\.example\.localhost" needs no record: clients name the gateway/,
    )
    const port = await listen(t, printed(it, /access tcp --hostname mine\.example/))
    assert.equal(await sayTo(port, 'to my own'), 'to my own')
    assert.deepEqual([...readdirSync(login.folder), ...readdirSync(join.folder)], [])
  })
  await t.test(
    'whoever deletes the sample tunnel is told what has ended, and the rest goes on',
    async () => {
      const [program = ''] = printed(it, /tunnel login/).split(' ')
      await shell(`${program} tunnel delete sample --force`)
      await it.until(
        /the connector of tcp\.example\.localhost has ended: the tunnel of this credential was deleted/,
      )
    },
  )
  await t.test('whoever edits the configuration is told what is wrong with it', async () => {
    const [file = ''] = printed(it, /postern\.yaml$/)
      .trim()
      .split(' ')
    const before = readFileSync(file, 'utf8')
    writeFileSync(file, before.replace('administrators:', 'administators:'))
    await it.until(/postern\.yaml has faults, and what it said before still holds:/)
    await it.until(/postern\.yaml:\d+:1: administators: unknown key\n +hint: did you mean "admini/)
    writeFileSync(file, before)
    await it.until(/postern\.yaml was read again: 6 routes/)
  })
  await t.test('SSH through a local port', async () => {
    const port = await listen(t, printed(it, /--listen 127\S+ ssh\.example/))
    const client = new ssh2.Client()
    const ready = once(client, 'ready')
    client.connect({ host: '127.0.0.1', port, username: 'demo', password: 'demo' })
    await ready
    const channel = await promisify(client.exec.bind(client) as Exec)('hostname; whoami')
    const answer = await text(channel)
    client.end()
    assert.equal(answer, 'sample\ndemo\n')
  })
  await t.test('SSH in one line, its host key known', async (t) => {
    if (!(await isInstalled('ssh'))) return t.skip('"ssh" is not installed')
    const askpass = join(it.folder, 'askpass')
    writeFileSync(askpass, '#!/bin/sh\necho demo\n', { mode: 0o700 })
    const env = { SSH_ASKPASS: askpass, SSH_ASKPASS_REQUIRE: 'force' }
    const line = printed(it, /^ {4}ssh -o 'ProxyCommand/)
    // An unknown host key would be a question, which this makes an error.
    const answer = await shell(
      `${line} 'whoami; hostname'`.replace('ssh ', 'ssh -F none -o StrictHostKeyChecking=yes '),
      env,
    )
    rmSync(askpass)
    assert.equal(answer, 'demo\nsample\n')
    return undefined
  })

  const port = await listen(t, printed(it, /--listen 127\S+ postgres\.example/))
  await t.test('PostgreSQL, whose first connection waits for its start', async () => {
    // SSLRequest: the server says no in one byte, and so that it is there.
    const socket = await dial({ host: '127.0.0.1', port })
    socket.end(Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]))
    const [answer] = (await once(socket, 'data')) as [Buffer]
    assert.equal(answer.toString(), 'N')
    socket.destroy()
  })
  await t.test('psql', async (t) => {
    if (!(await isInstalled('psql'))) return t.skip('"psql" is not installed')
    assert.match(await shell(printed(it, /^ {4}psql .*sslmode=disable/)), /\| Grace +\| New York/)
    // Asks for TLS first, and goes on without.
    assert.match(
      await shell(`psql -h 127.0.0.1 -p ${port} -U postgres -c 'select 40 + 2'`),
      / 42\n/,
    )
    return undefined
  })
  const ready = /postgres: ready/
  await it.until(ready)

  const postgresId = await postgresProcessId(it.child.pid ?? 0)
  it.child.kill('SIGINT')
  assert.equal(await it.ended, 0)
  assert.match(it.output, /stopped; everything it made is gone/)
  assert.equal(it.errors.trim().split('\n').length, 1, it.errors)
  await assertGone(it, postgresId)
})

test('it ends with its parent, however that ended, and so does the database', async (t) => {
  const it = run(t, [process.execPath, runner, 'start', '--no-proof', '--port', '0'])
  await it.until(/Ctrl-C stops this/)
  it.child.kill('SIGKILL')
  // "close" comes when nobody holds the pipe of the output any more: the quickstart has ended too.
  await it.ended
  await assertGone(it)
})

test('SIGTERM while it starts leaves nothing behind', async (t) => {
  const it = quickstart(t, '--once')
  await it.until(/✓ sign-in service/)
  it.child.kill('SIGTERM')
  assert.equal(await it.ended, 1)
  assert.deepEqual(readdirSync(it.folder), [])
})

for (const [when, moment, option] of [
  ['while it starts', /✓ gateway at /, '--no-proof'],
  ['while it proves', /\nProof\n/, '--once'],
  ['while it runs', /Ctrl-C stops this/, '--no-proof'],
] as const)
  test(`a gateway that loses its database ${when} ends it, and its log is kept`, async (t) => {
    const it = run(t, [process.execPath, ...endStoreAtSignal, main, 'demo', '--port', '0', option])
    await it.until(moment)
    it.child.kill('SIGUSR2')
    assert.equal(await it.ended, 1)
    assert.match(it.errors, /^postern: error: the database ".*postern\.db" is lost/)
    assert.match(it.errors, /the gateway's log is in /)
  })

test('a port in use is one sentence and what to do', async (t) => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  const it = run(t, [process.execPath, main, 'demo', '--port', String(port)])
  assert.equal(await it.ended, 1)
  assert.equal(
    it.errors,
    `postern: error: port ${port} is in use by another program\n  hint: choose another one, as by "--port 9443"; "--port 0" takes any that is free\n`,
  )
  assert.deepEqual(readdirSync(it.folder), [])
})

test('a usual port that is taken is another one, which the first commands name', async (t) => {
  const servers = ['127.0.0.1', '::1'].map((host) => createServer().listen(8443, host))
  // Another program may have it already, which is as good.
  await Promise.allSettled(servers.map((server) => once(server, 'listening')))
  t.after(() => servers.forEach((server) => server.close()))
  const it = run(t, [process.execPath, main, 'demo', '--no-proof'])
  await it.until(/Ctrl-C stops this/)
  assert.notEqual(gatewayPort(it), 8443)
  assert.equal(it.errors, '')
})

test('its last words fit on a screen of 24 lines of 80, and the first commands work', async (t) => {
  const it = quickstart(t, '--no-proof', '--to', 'tcp://127.0.0.1:1')
  await it.until(/Ctrl-C stops this/)
  const words = it.output.slice(it.output.indexOf('\nRunning'))
  const rows = words.split('\n').map((line) => Math.max(1, Math.ceil(line.length / 80)))
  // One row is the cursor's.
  assert.ok(rows.reduce((sum, count) => sum + count) < 24, words)
  const all = readFileSync(printed(it, /commands\.txt$/).split(' ')[1] ?? '', 'utf8')
  const browser = /--browser-cmd \S*carol/.exec(all)?.[0] ?? ''
  const line = printed(it, /^ {4}echo hello/).replace(' --listen', ` ${browser} --listen`)
  const path = printed(it, /^ {4}export PATH=/)
  assert.equal(await shell(`${path}; ${line}`), 'hello\n')
  if (!(await isInstalled('psql'))) return t.skip('"psql" is not installed')
  const connect = `${printed(it, /^ {4}postern connect .* PostgreSQL$/)} -- -At -c 'select 40 + 2'`
  assert.equal(await shell(`${path}; ${connect}`), '42\n')
  return undefined
})

test('a wrong option is one sentence, and help needs nothing to be free', async (t) => {
  const demo = (...args: string[]): Run => run(t, [process.execPath, main, 'demo', ...args])
  const wrong = demo('--prot', '1')
  assert.equal(await wrong.ended, 2)
  assert.equal(
    wrong.errors,
    'postern: error: unknown option "--prot"\n  hint: did you mean "--port"?\n',
  )
  for (const [args, why] of [
    [['--port', '70000'], 'expected a number from 0 to 65535'],
    [['--to', '127.0.0.1:5432'], 'expected a URL such as "tcp://127.0.0.1:5432"'],
    [['--to', 'http://127.0.0.1:80'], 'expected a URL such as'],
  ] as const) {
    const refused = demo(...args)
    assert.equal(await refused.ended, 2)
    assert.ok(refused.errors.includes(why), refused.errors)
  }
  const help = demo('--help')
  assert.equal(await help.ended, 0)
  assert.match(
    help.output,
    /^Usage: postern demo \[options\] \[command\]\n|^Usage: postern demo \[options\]\n/,
  )
})

/** The quickstart's one child. */
async function postgresProcessId(parentId: number): Promise<number> {
  const list = await shell('ps -A -o pid=,ppid=')
  const rows = list.split('\n').map((line) => line.trim().split(/\s+/).map(Number))
  const children = rows.filter(([, ppid]) => ppid === parentId).map(([pid]) => pid)
  assert.equal(children.length, 1)
  return children[0] ?? 0
}
