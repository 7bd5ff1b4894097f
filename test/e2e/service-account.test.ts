import assert from 'node:assert/strict'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { join } from 'node:path'
import { describe } from 'node:test'
import { runChild } from './child.ts'
import { peerTest, program } from './peers.ts'
import { startRedis } from './peers/redis.ts'
import { exchange, personAt, untilEnded, type Person } from './person.ts'
import { posternCommand, route, startRig, type GatewayRig, type RouteEntry } from './rig.ts'
import type { Scope } from './scope.ts'
import { echo, startService } from './services.ts'

const target = 'echo.example.com:7'
/** Ten times what is promised: the machine may be busy. */
const maxCutMs = 10_000

/** A route for service accounts alone. */
function robotRoute(authority: string, port: number, ...ids: string[]): RouteEntry {
  return { ...route(authority, port), policy: [{ allow: { or: [{ user: { in: ids } }] } }] }
}

interface Rig {
  readonly gateway: GatewayRig
  readonly service: number
  /** `postern service-account …` on the gateway's machine; its result when it succeeds. */
  robots(...args: string[]): Promise<{ output: string; errors: string }>
  /** A machine where programs run, with nobody to sign in. */
  machine(name: string): Promise<Person>
}

async function startAll(scope: Scope, ...ids: string[]): Promise<Rig> {
  const service = await startService(scope, echo)
  const gateway = await startRig(scope, [robotRoute(target, service, ...ids)])
  return {
    gateway,
    service,
    async robots(command, ...args) {
      const words = ['service-account', command, '-c', gateway.configPath, ...args]
      const { ending, ...result } = await gateway.postern(...words)
      assert.equal(ending, 0, result.errors)
      return result
    },
    machine: (name) => personAt(scope, gateway, `${name}@example.com`),
  }
}

/** Runs `postern tcp --listen -` with further variables. */
async function pipe(scope: Scope, person: Person, env: Record<string, string>, ...args: string[]) {
  const command = posternCommand(...person.tcpArgs(target, '--listen', '-', ...args))
  return runChild(scope, ...command, {
    env: { ...person.env, ...env },
    cwd: person.home,
    input: 'hello',
  })
}

describe('service accounts', () => {
  peerTest(
    'a token from a file or the environment opens tunnels, without a browser',
    [],
    async (scope) => {
      const rig = await startAll(scope, 'backup')
      const file = join(scope.directory, 'backup.token')
      const created = await rig.robots('create', 'backup', '--output', file, '--expires', '90d')
      assert.equal(created.output, '')
      assert.match(created.errors, /created service account "backup": it expires \d{4}-/)
      assert.equal((await stat(file)).mode & 0o777, 0o600)
      const machine = await rig.machine('machine')
      const token = (await readFile(file, 'utf8')).trim()
      for (const [env, args] of [
        [{}, ['--service-account-file', file]],
        [{ POSTERN_SERVICE_ACCOUNT_FILE: file }, []],
        [{ POSTERN_SERVICE_ACCOUNT: token }, []],
      ] as const) {
        const { ending, output, errors } = await pipe(scope, machine, env, ...args)
        assert.deepEqual([ending, output, errors], [0, 'hello', ''])
      }
      const exposed = await pipe(scope, machine, {}, '--service-account', token)
      assert.equal(exposed.output, 'hello')
      assert.match(exposed.errors, /every user of this machine can read "--service-account"/)
      assert.deepEqual(await machine.browserStarts(), [])
      const line = await rig.gateway.lines.first((it) => it['service-account-id'] === 'backup')
      assert.deepEqual([line['email'] || undefined, line['session-id']], [undefined, undefined])
      assert.ok(!rig.gateway.lines.text().includes(token))
      const { output } = await rig.robots('list')
      assert.match(output, /^backup +active +jwt .* \d{4}-\d\d-\d\d  0\n$/m)
    },
  )

  peerTest(
    'an id and secret work for Redis, from a file and the environment',
    ['Redis'],
    async (scope) => {
      const gateway = await startRig(scope, [
        robotRoute('redis.example.com:6379', await startRedis(scope), 'ci'),
      ])
      const file = join(scope.directory, 'ci.env')
      const words = [
        'create',
        'ci',
        '--format',
        'id-secret',
        '--output',
        file,
        '-c',
        gateway.configPath,
      ]
      assert.equal((await gateway.postern('service-account', ...words)).ending, 0)
      const machine = await personAt(scope, gateway, 'machine@example.com')
      const { port } = await machine.listen(
        'redis.example.com:6379',
        '--service-account-file',
        file,
      )
      const cli = ['-h', '127.0.0.1', '-p', String(port), 'SET', 'by', 'a program']
      assert.equal((await runChild(scope, program('redis-cli'), cli, machine)).output, 'OK\n')
      const [id, secret] = (await readFile(file, 'utf8')).match(/(?<==).*/g) ?? []
      assert.equal(id, 'ci')
      const variables = { TUNNEL_SERVICE_TOKEN_ID: 'ci', TUNNEL_SERVICE_TOKEN_SECRET: secret ?? '' }
      const command = posternCommand(...machine.tcpArgs('redis.example.com:6379', '--listen', '-'))
      const { output, errors } = await runChild(scope, ...command, {
        env: { ...machine.env, ...variables },
        input: 'GET by\r\nQUIT\r\n',
      })
      assert.match(output, /^\$9\r\na program\r\n/)
      assert.equal(errors, '')
      assert.deepEqual(await machine.browserStarts(), [])
      assert.ok(!gateway.lines.text().includes(secret ?? 'no secret'))
    },
  )

  peerTest("revoking cuts the account's tunnels, and not its neighbour's", [], async (scope) => {
    const rig = await startAll(scope, 'backup', 'other')
    const machine = await rig.machine('machine')
    const [mine, other] = await Promise.all(
      ['backup', 'other'].map(async (id) => {
        const file = join(scope.directory, id)
        await rig.robots('create', id, '--output', file)
        const local = await machine.listen(target, '--service-account-file', file)
        const socket = await local.connect()
        assert.equal(await exchange(socket, 'hello'), 'hello')
        return { socket, file }
      }),
    )
    assert.ok(mine && other)
    const { output } = await rig.robots('list', '--json')
    const { service_accounts: listed } = JSON.parse(output) as {
      service_accounts: { id: string; tunnels: number }[]
    }
    assert.deepEqual(
      listed.map(({ id, tunnels }) => [id, tunnels]),
      [
        ['backup', 1],
        ['other', 1],
      ],
    )
    const startedMs = performance.now()
    assert.equal((await rig.robots('revoke', 'backup')).output, 'backup\n')
    await untilEnded(mine.socket)
    assert.ok(performance.now() - startedMs < maxCutMs)
    assert.equal(await exchange(other.socket, 'still there'), 'still there')
    const cut = await rig.gateway.lines.first((it) => it['ended'] === 'session-revoked')
    assert.equal(cut['service-account-id'], 'backup')
    const refused = await machine.pipe(target, '', '--service-account-file', mine.file)
    assert.equal(refused.ending, 3)
    assert.match(refused.errors, /error: the gateway does not accept this service account\n/)
    assert.deepEqual(await machine.browserStarts(), [])
    assert.match((await rig.robots('list', '--all')).output, /^backup +revoked /m)
    assert.doesNotMatch((await rig.robots('list')).output, /backup/)
  })

  peerTest(
    'rotating replaces the file, and cuts the tunnels of the old credential',
    [],
    async (scope) => {
      const rig = await startAll(scope, 'backup')
      const file = join(scope.directory, 'backup.token')
      const kept = join(scope.directory, 'kept.token')
      await rig.robots('create', 'backup', '--output', file)
      const machine = await rig.machine('machine')
      await writeFile(kept, await readFile(file), { mode: 0o600 })
      const local = await machine.listen(target, '--service-account-file', file)
      const socket = await local.connect()
      assert.equal(await exchange(socket, 'hello'), 'hello')

      await rig.robots('rotate', 'backup', '--keep-old', '1h', '--output', file)
      assert.equal(await exchange(socket, 'still there'), 'still there')
      for (const each of [kept, file]) {
        const { output } = await machine.pipe(target, 'hi', '--service-account-file', each)
        assert.equal(output, 'hi')
      }
      const fresh = await (await machine.listen(target, '--service-account-file', file)).connect()
      assert.equal(await exchange(fresh, 'hello'), 'hello')

      // The second rotation leaves one before it: the first credential ends, with its tunnel.
      await rig.robots('rotate', 'backup', '--keep-old', '1h')
      await untilEnded(socket)
      assert.equal(await exchange(fresh, 'still there'), 'still there')
      const { ending } = await machine.pipe(target, '', '--service-account-file', kept)
      assert.equal(ending, 3)
      await rig.robots('rotate', 'backup')
      await untilEnded(fresh)
    },
  )

  peerTest(
    'a stock client gets in by every form of header, and by nothing else',
    [],
    async (scope) => {
      const rig = await startAll(scope, 'backup', 'ci')
      const issue = async (...args: string[]): Promise<string> => {
        const made = JSON.parse((await rig.robots('create', ...args, '--json')).output) as Issued
        return made.token ?? made.secret ?? ''
      }
      const token = await issue('backup')
      const secret = await issue('ci', '--format', 'id-secret')
      const pair = { 'cf-access-client-id': 'ci', 'cf-access-client-secret': secret }
      const ask = (headers: Record<string, string>, path?: string) =>
        askFor(rig.gateway, headers, path)
      for (const headers of [
        { authorization: `Pomerium ${token}` },
        { authorization: `Bearer Pomerium-${token}` },
        { 'x-pomerium-authorization': token },
        pair,
      ] as Record<string, string>[]) {
        assert.equal((await ask(headers)).status, 200)
        const { status, body } = await ask(headers, '/.pomerium/api/v1/routes')
        assert.deepEqual([status, body.includes(target)], [200, true])
        assert.match(
          (await ask(headers, '/.pomerium/user')).body,
          /"service_account":"(?:backup|ci)"/,
        )
      }
      // 401 and no redirect, which a client would follow to a page.
      for (const headers of [
        { authorization: `Pomerium ${token}x` },
        { ...pair, 'cf-access-client-secret': `${secret}x` },
        { 'cf-access-client-id': 'ci' },
      ] as Record<string, string>[]) {
        assert.equal((await ask(headers)).status, 401)
      }
      for (const headers of [{ cookie: `__Host-postern=${token}` }, {}] as Record<
        string,
        string
      >[]) {
        assert.equal((await ask(headers)).status, 302)
      }
      assert.equal((await ask({}, `/.pomerium/user?pomerium_session=${token}`)).status, 401)
      await rig.robots('revoke', 'backup')
      assert.equal((await ask({ authorization: `Pomerium ${token}` })).status, 401)
      for (const text of [token, secret]) assert.ok(!rig.gateway.lines.text().includes(text))
    },
  )

  peerTest('a service account outlives a restart of the gateway', [], async (scope) => {
    const rig = await startAll(scope, 'backup')
    const file = join(scope.directory, 'backup.token')
    await rig.robots('create', 'backup', '--output', file)
    await rig.gateway.stop()
    const offline = await rig.gateway.postern(
      'service-account',
      'list',
      '-c',
      rig.gateway.configPath,
    )
    assert.equal(offline.ending, 8)
    assert.match(offline.errors, /error: no gateway answers on /)
    await rig.gateway.start()
    const machine = await rig.machine('machine')
    assert.equal((await machine.pipe(target, 'hi', '--service-account-file', file)).output, 'hi')
  })
})

interface Issued {
  readonly token?: string
  readonly secret?: string
}

/** What the gateway answers to a CONNECT, or to a GET when a path is given. */
function askFor(
  { port, ca }: GatewayRig,
  headers: Record<string, string>,
  path?: string,
): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const asked = path === undefined ? { method: 'CONNECT', path: target } : { path }
    const outgoing = request({
      ...asked,
      port,
      ca,
      host: '127.0.0.1',
      servername: 'localhost',
      headers: { host: path === undefined ? target : `localhost:${port}`, ...headers },
      agent: false,
    })
    outgoing.on('error', reject)
    outgoing.on('connect', ({ statusCode = 0 }, socket) => {
      socket.destroy()
      resolve({ status: statusCode, body: '' })
    })
    outgoing.on('response', (answer) => {
      void answer.toArray().then((chunks) => {
        const body = Buffer.concat(chunks as Buffer[]).toString()
        resolve({ status: answer.statusCode ?? 0, body })
      }, reject)
    })
    outgoing.end()
  })
}
