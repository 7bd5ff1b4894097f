import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe } from 'node:test'
import { inTime, runChild, startChild, type Child, type Result } from './child.ts'
import { peerTest, program } from './peers.ts'
import { personAt, type Person } from './person.ts'
import { alice, bob, posternCommand, route, startRig, type GatewayRig } from './rig.ts'
import type { Scope } from './scope.ts'
import { echo, startService } from './services.ts'

const target = 'echo.example.com:7'
const database = 'db.example.com:5432'
const theirs = 'theirs.example.com:7'

describe('postern run', () => {
  peerTest(
    'gives a command the addresses of routes, and ends as it ends',
    ['terminal'],
    async (scope) => {
      const it = await startRunner(scope)
      await checkVariables(it)
      await checkEnds(it)
      await checkLastBytes(it)
      await checkBackground(it)
      await checkTerminal(scope, it)
      await checkKilled(it)
      await checkRevoked(it)
    },
  )
})

interface Runner {
  readonly rig: GatewayRig
  readonly person: Person
  /** Bytes that the database has got. */
  received(): number
  run(...args: string[]): Promise<Result>
  start(...args: string[]): Child
  words(...args: string[]): [string, string[]]
}

async function startRunner(scope: Scope): Promise<Runner> {
  let received = 0
  const service = await startService(scope, echo)
  const sink = await startService(scope, (socket) => {
    socket.on('data', (chunk: Buffer) => (received += chunk.length))
    socket.once('end', () => socket.end())
  })
  const routes = [route(target, service), route(database, sink), route(theirs, service, [bob])]
  const rig = await startRig(scope, routes)
  const person = await personAt(scope, rig, alice)
  const gateway = person.tcpArgs('').slice(1, -1)
  const options = { env: person.env, cwd: person.home }
  const words = (...args: string[]): [string, string[]] =>
    posternCommand('run', ...gateway, ...args)
  return {
    rig,
    person,
    words,
    received: () => received,
    run: (...args) => runChild(scope, ...words(...args), options),
    start: (...args) => startChild(scope, ...words(...args), options),
  }
}

/** A command of Node's with a connection to the first route. */
function script(code: string): string[] {
  const connected = `
    const { POSTERN_HOST: host, POSTERN_PORT: port } = process.env
    const socket = require('node:net').connect({ host, port })
    socket.on('error', () => {}).on('connect', () => { ${code} })`
  return [process.execPath, '-e', connected]
}

async function checkVariables({ run }: Runner): Promise<void> {
  const code = `
    socket.end('hello').on('data', (data) => {
      const env = Object.entries(process.env).filter(([name]) => /POSTERN|^PG/.test(name))
      console.log(JSON.stringify({ ...Object.fromEntries(env), said: String(data) }))
      process.exitCode = 3
    })`
  const { ending, output, errors } = await run(target, `main=${database}`, '--', ...script(code))
  assert.equal(ending, 3, errors)
  const found = JSON.parse(output) as Record<string, string>
  assert.equal(found['said'], 'hello')
  assert.match(found['POSTERN_ADDRESS'] ?? '', /^127\.[1-9]\d*\.\d+\.\d+:\d+$/)
  assert.equal(found['POSTERN_ECHO_ADDRESS'], found['POSTERN_ADDRESS'])
  assert.equal(`${found['PGHOST']}:${found['PGPORT']}`, found['POSTERN_MAIN_ADDRESS'])
}

async function checkEnds({ run, start }: Runner): Promise<void> {
  const denied = await run(target, theirs, '--', 'sh', '-c', 'echo started')
  assert.deepEqual([denied.ending, denied.output], [4, ''], denied.errors)
  const missing = await run(target, '--', 'no-such-program')
  assert.equal(missing.ending, 8)
  assert.match(missing.errors, /there is no program "no-such-program" on this machine/)
  assert.equal((await run(target)).ending, 2)
  const own = await run(target, '--', 'sh', '-c', 'kill -TERM $$')
  assert.equal(own.ending, 'SIGTERM', own.errors)

  const asked = start(
    target,
    '--',
    'sh',
    '-c',
    `trap 'echo bye; exit 5' TERM; echo up; while :; do sleep 0.1; done`,
  )
  await asked.says(/up/)
  asked.signal('SIGTERM')
  assert.equal(await inTime(asked.ended, () => 'it goes on'), 5)
  assert.match(asked.output(), /bye/)
}

/** What a command has sent before its end arrives. */
async function checkLastBytes({ run, received }: Runner): Promise<void> {
  const bytes = 8 * 1024 * 1024
  const before = received()
  const code = `socket.end(Buffer.alloc(${bytes}), () => process.exit(0))`
  const { ending, errors } = await run(database, '--', ...script(code))
  assert.equal(ending, 0, errors)
  assert.equal(received() - before, bytes)
}

/** What it has left behind does not keep the tunnel. */
async function checkBackground({ run }: Runner): Promise<void> {
  const hold = script("socket.write('x'); socket.on('data', () => console.log('holds'))")
  const words = `"$@" </dev/null >held 2>/dev/null & until [ -s held ]; do sleep 0.05; done; rm held`
  const { ending, errors } = await run(target, '--', 'sh', '-c', words, 'sh', ...hold)
  assert.equal(ending, 0, errors)
  assert.match(errors, /WRN run: 1 connection is cut: the program has ended/)
}

/** Ctrl-C is the command's, once, and this program waits for what it makes of it. */
async function checkTerminal(scope: Scope, { words, person }: Runner): Promise<void> {
  const line = [
    words(target, '--', 'sh', '-c', `trap 'echo got' INT; echo up; read x; echo "read $x"; exit 6`),
  ]
    .flatMap(([command, args]) => [command, ...args])
    .map((word) => `'${word.replaceAll("'", `'\\''`)}'`)
    .join(' ')
  const terminal = startChild(scope, program('script'), ['-qec', `exec ${line}`, '/dev/null'], {
    env: person.env,
    cwd: person.home,
  })
  await terminal.says(/up\r\n/)
  terminal.stdin.write('\u0003')
  await terminal.says(/got\r\n/)
  terminal.stdin.write('on\n')
  assert.equal(await inTime(terminal.ended, () => 'it goes on'), 6, terminal.output())
  assert.equal(terminal.output().split('got\r\n').length, 2, terminal.output())
}

/** Nothing of it stays on the disk. */
async function checkKilled({ start, person }: Runner): Promise<void> {
  const before = await filesOf(person)
  const killed = start(target, '--', 'sh', '-c', 'echo up; read x')
  await killed.says(/up/)
  killed.signal('SIGKILL')
  killed.stdin.end()
  await killed.ended
  assert.deepEqual(await filesOf(person), before)
}

async function filesOf({ home }: Person): Promise<string[]> {
  const folders = [home, join(home, 'tmp'), join(home, '.cache', 'postern')]
  return (await Promise.all(folders.map((folder) => readdir(folder)))).flat().sort()
}

/** Why is told once the command has ended, and not into its words. */
async function checkRevoked({ start, rig }: Runner): Promise<void> {
  const code = `
    console.error('ready')
    socket.write('x')
    socket.on('close', () => setTimeout(() => console.error('closed'), 500))`
  const running = start(target, '--', ...script(code))
  await running.says(/ready/)
  const revoked = rig.postern('gateway', 'sessions', 'revoke', '-c', rig.configPath, alice)
  assert.equal(await inTime(running.ended, () => 'it goes on'), 0)
  await revoked
  assert.match(
    running.errors(),
    /^ready\nclosed\n\S+ WRN tunnel: the gateway cut the tunnel to "echo/,
  )
}
