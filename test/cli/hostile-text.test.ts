// Every command that shows words of others, with words that a terminal would obey.
import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import {
  followSignIn,
  startFakeGateway,
  type FakeGateway,
  type FakeGatewayOptions,
} from '../../src/reach/fake-gateway.fixture.ts'
import type {
  ServiceAccountSummary,
  SessionSummary,
  TunnelSummary,
} from '../../src/control/protocol.ts'
import { escapeJson } from '../../src/terminal-text.ts'
import { gatewayPaths } from '../../src/tunnel/paths.ts'
import { startFakeControl } from './fake-control.ts'
import { createSandbox, runPostern, startPostern, type Ended } from './program.ts'

/** Clears the screen, writes the clipboard, turns text around, and begins a row of its own. */
const hostile =
  'x\u001B[2J\u001B]52;c;cm0gLXJm\u0007\u009B31m\u202Ey\u2028z\u007F\r\nroot@corp  2026-01-01 00:00Z  \u200B'
const refusal = JSON.stringify({
  error: hostile,
  message: `no ${hostile}`,
  next: hostile,
  request_id: hostile,
  reasons: [hostile, hostile],
})
const route = {
  id: hostile,
  name: hostile,
  type: 'tcp',
  from: 'tcp+https://ssh.localhost:22',
  description: hostile,
  connect_command: hostile,
  why: hostile,
  contact: hostile,
  reasons: [hostile],
}

describe('words of a hostile gateway', () => {
  for (const args of [
    ['routes', 'list'],
    ['routes', 'list', '--json'],
    ['ssh-config', '--all'],
  ]) {
    test(`are harmless in "postern ${args.join(' ')}"`, async () => {
      const answer = { routes: [route, { ...route, from: hostile }], listed_routes: [route] }
      await using rig = await openRig({
        answers: { [gatewayPaths.routes]: { status: 200, body: JSON.stringify(answer) } },
      })
      assertHarmless(await rig.ask(...args))
    })
  }

  test('are harmless when it refuses a list', async () => {
    await using rig = await openRig({
      answers: { [gatewayPaths.routes]: { status: 403, body: refusal } },
    })
    const ended = await rig.ask('routes', 'list')
    assertHarmless(ended, 'no x')
    assert.notEqual(ended.code, 0)
  })

  for (const format of ['human', 'json']) {
    test(`are harmless when it refuses a tunnel (${format})`, async () => {
      const headers = { 'x-request-id': 'r1' }
      const connect = () => ({ status: 403, headers, body: refusal })
      await using rig = await openRig({ isPublic: true, connect })
      const ended = await rig.tcp('--listen', '-', '--log-format', format)
      assertHarmless(ended, 'no x')
      assert.equal(ended.code, 4)
    })
  }

  test('are harmless when it refuses an application, or an SSH certificate', async () => {
    const connect = () => ({ status: 403, headers: { 'x-request-id': 'r1' }, body: refusal })
    const answers = { [gatewayPaths.sshSign]: { status: 403, body: refusal } }
    await using rig = await openRig({ isPublic: true, connect, answers })
    const home = { HOME: rig.env['XDG_CACHE_HOME'] ?? '' }
    for (const command of ['ssh', 'ssh-gen']) {
      const [caOption = '', caFile = '', origin = ''] = rig.args()
      const where = ['--hostname', 'ssh.test', '--gateway', origin, caOption, caFile]
      const ended = await runPostern(['access', command, ...where], {
        env: { ...rig.env, ...home },
      })
      assertHarmless(ended, 'no x')
      assert.equal(ended.code, 4)
    }
  })

  test('are harmless when a sign-in fails', async () => {
    await using rig = await openRig({
      answers: { [gatewayPaths.login]: { status: 500, body: refusal } },
    })
    assertHarmless(await rig.ask('login'), 'no x')
  })

  test('are harmless when it names who is signed in', async () => {
    const owner = { user: hostile, email: hostile, name: hostile, session_expires_at: hostile }
    await using rig = await openRig({
      answers: { [gatewayPaths.user]: { status: 200, body: JSON.stringify(owner) } },
    })
    for (const more of [[], ['--json']]) assertHarmless(await rig.signIn(...more))
  })

  test('are harmless beside the code of a device', async () => {
    await using rig = await openRig({
      answers: { [gatewayPaths.deviceCode]: { status: 400, body: refusal } },
    })
    assertHarmless(await rig.ask('login', '--device'), 'no x')
  })

  test('are harmless when it names where to sign in', async () => {
    const address = `https://localhost/\u009B31m${hostile.replaceAll(/[\r\n]/g, '')}`
    await using rig = await openRig({
      answers: { [gatewayPaths.login]: { status: 200, body: address } },
    })
    const program = startPostern(rig.args('login', '--browser-cmd', '/bin/true'), { env: rig.env })
    await program.untilStderr(/sign in at:\n\n.+\n/)
    program.child.kill('SIGINT')
    assertHarmless(await program.ended)
  })
})

describe('words that a gateway has from others', () => {
  const session: SessionSummary = {
    id: hostile,
    user: hostile,
    email: hostile,
    name: hostile,
    provider: hostile,
    groups: [hostile],
    issued_at: hostile,
    expires_at: hostile,
    device: hostile,
    kind: 'device',
    ip: hostile,
    last_used_at: hostile,
    tunnels: 0,
  }
  const account: ServiceAccountSummary = {
    id: hostile,
    description: hostile,
    state: 'active',
    format: 'jwt',
    created_at: hostile,
    rotated_at: hostile,
    expires_at: hostile,
    old_credential_until: hostile,
    last_used_on: hostile,
    tunnels: 0,
  }

  const tunnel: TunnelSummary = {
    id: hostile,
    route: hostile,
    route_id: hostile,
    namespace: hostile,
    target: hostile,
    user: hostile,
    email: hostile,
    session_id: hostile,
    service_account_id: hostile,
    ip: hostile,
    connector: { id: hostile, tunnel: hostile },
    upstream: hostile,
    opened_at: hostile,
    bytes_up: 0,
    bytes_down: 0,
  }

  const lists = [
    { args: ['gateway', 'tunnels', 'list'], rows: 3 },
    { args: ['gateway', 'tunnels', 'list', '--json'] },
    { args: ['admin', 'tunnels', 'list'], rows: 3 },
    { args: ['gateway', 'sessions', 'list'], rows: 3 },
    { args: ['gateway', 'sessions', 'list', '--json'] },
    { args: ['service-account', 'list'], rows: 3 },
    { args: ['service-account', 'list', '--json'] },
  ]
  for (const { args, rows } of lists) {
    test(`are harmless in "postern ${args.join(' ')}", and make no row`, async () => {
      await using control = await startControl({
        '/admin/tunnels': { items: [tunnel, { ...tunnel, connector: null }] },
        '/sessions': { sessions: [session, session] },
        '/service-accounts': { service_accounts: [account, account] },
      })
      const ended = await control.run(...args)
      assertHarmless(ended)
      assert.equal(ended.code, 0, ended.stderr)
      if (rows === undefined) assert.ok(JSON.parse(ended.stdout))
      else assert.equal(ended.stdout.trimEnd().split('\n').length, rows)
    })
  }

  for (const more of [[], ['--json']]) {
    test(`are harmless in "postern gateway audit list ${more.join('')}"`, async () => {
      await using sandbox = await createSandbox()
      const time = new Date().toISOString()
      const entry = { time, kind: 'session', event: hostile, email: hostile, ip: hostile }
      const folder = join(sandbox.path, 'audit')
      await mkdir(folder)
      const line = escapeJson(JSON.stringify(entry))
      await writeFile(join(folder, `people-${time.slice(0, 10)}-0001.jsonl`), `${line}\n${line}\n`)
      const args = ['gateway', 'audit', 'list', '--state-directory', sandbox.path, ...more]
      const ended = await runPostern(args, { env: sandbox.env })
      assertHarmless(ended)
      assert.equal(ended.stdout.trimEnd().split('\n').length, more.length === 0 ? 3 : 2)
    })
  }

  test('are harmless after a revocation and in a fault', async () => {
    await using control = await startControl({
      '/sessions': { sessions: [session], revoked: [hostile] },
      '/service-accounts/x': { revoked: [hostile] },
      '/admin/tunnels': { items: [tunnel] },
      '/admin/tunnels/cut': { cut: [hostile] },
    })
    assertHarmless(await control.run('gateway', 'tunnels', 'cut', hostile))
    assertHarmless(await control.run('gateway', 'tunnels', 'cut', `${hostile}2`))
    assertHarmless(await control.run('gateway', 'sessions', 'revoke', hostile.replace('\0', '')))
    assertHarmless(await control.run('service-account', 'revoke', 'x'))
    await using failing = await startControl({})
    assertHarmless(await failing.run('gateway', 'sessions', 'list'), 'x\\u001b[2J')
  })
})

describe('words of a file', () => {
  test('are harmless when a configuration is checked', async () => {
    await using sandbox = await createSandbox()
    const path = join(sandbox.path, 'postern.yaml')
    const key = JSON.stringify(hostile)
    await writeFile(
      path,
      `address: ${key}\n${key}: ${key}\nroutes:\n  - from: ${key}\n    to: ${key}\n`,
    )
    const run = (...args: string[]): Promise<Ended> =>
      runPostern(['gateway', ...args, '-c', path], { env: sandbox.env })
    for (const args of [[], ['check'], ['check', '--json']]) {
      const ended = await run(...args)
      assertHarmless(ended, '\\u001b[2J')
      assert.notEqual(ended.code, 0)
    }
  })

  test('are harmless on the command line', async () => {
    await using sandbox = await createSandbox()
    for (const args of [
      [hostile],
      [`--${hostile}`],
      ['tcp', hostile],
      ['routes', 'list', hostile],
      ['access', 'tcp', '--hostname', hostile],
      ['access', 'tcp', '--hostname', 'a.test', '--url', hostile],
      ['access', 'tcp', '--hostname', 'a.test', '-H', hostile],
      ['access', 'ssh-config', '--hostname', 'a.test', '--user', hostile],
      ['access', 'curl', hostile],
    ]) {
      assertHarmless(await runPostern(args, { env: sandbox.env }))
    }
  })
})

/** No byte that a terminal obeys, no blank that begins a row, nothing that turns or hides text. */
function assertHarmless({ stdout, stderr }: Ended, says = 'x'): void {
  for (const text of [stdout, stderr]) {
    assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u)
    assert.doesNotMatch(text, /^root@corp/m)
  }
  assert.ok((stdout + stderr).includes(says), `nothing of "${says}" in ${stdout}${stderr}`)
}

interface Rig extends AsyncDisposable {
  readonly gateway: FakeGateway
  readonly env: NodeJS.ProcessEnv
  args(...words: string[]): string[]
  /** Asks the gateway something, as a service account. */
  ask(...words: string[]): Promise<Ended>
  tcp(...words: string[]): Promise<Ended>
  signIn(...words: string[]): Promise<Ended>
}

async function openRig(options: FakeGatewayOptions): Promise<Rig> {
  const gateway = await startFakeGateway(options)
  const sandbox = await createSandbox()
  const caFile = join(sandbox.path, 'ca.pem')
  await writeFile(caFile, gateway.ca)
  const { env } = sandbox
  const args = (...words: string[]): string[] => [...words, '--ca-file', caFile, gateway.origin]
  return {
    gateway,
    env,
    args,
    ask: (...words) => runPostern(args(...words), { env }),
    tcp: (...words) =>
      runPostern(['tcp', '--ca-file', caFile, '--gateway', gateway.origin, ...words, 'a:1'], {
        env,
      }),
    async signIn(...words) {
      const program = startPostern(args('login', '--browser-cmd', '/bin/true', ...words), { env })
      const shown = program.untilStderr(/already signed in|sign in at:\n\n {2}(https:\S+)\n/)
      const [, url] = await shown
      if (url !== undefined) await followSignIn(url)
      return program.ended
    },
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]()
      await sandbox[Symbol.asyncDispose]()
    },
  }
}

/** What answers on a state directory's socket: each path with its body, and faults to everything else. */
async function startControl(
  answers: Readonly<Record<string, object>>,
): Promise<AsyncDisposable & { run(...words: string[]): Promise<Ended> }> {
  const sandbox = await createSandbox()
  const fault = { error: hostile, message: hostile, hint: hostile }
  const control = await startFakeControl(sandbox.path, answers, fault)
  return {
    run: (...words) =>
      runPostern([...words, '--state-directory', sandbox.path], { env: sandbox.env }),
    async [Symbol.asyncDispose]() {
      control[Symbol.dispose]()
      await sandbox[Symbol.asyncDispose]()
    },
  }
}
