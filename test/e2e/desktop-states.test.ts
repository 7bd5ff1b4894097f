import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createDaemonClient, type DaemonClient } from '../../src/desktop/api/ask-daemon.ts'
import { stateOfProcess } from '../../src/client/sign-in/process-identity.ts'
import type { ConnectionView, DaemonView } from '../../src/desktop/wire/view.ts'
import { inTime, mustRun } from './child.ts'
import { startEcho, target } from './echo-rig.ts'
import { peerTest } from './peers.ts'
import { exchange, untilEnded, type Person } from './person.ts'
import { alice, posternCommand } from './rig.ts'
import type { Scope } from './scope.ts'

/** How long the machine sleeps: two minutes in the long form. */
const sleepMs = process.env['POSTERN_LONG_TESTS'] === '1' ? 120_000 : 8_000

peerTest(
  'what is said of a connection is what happens to it',
  [],
  async (scope) => {
    const { rig, person } = await startEcho(scope)
    const desktop = await startDesktop(scope, person, [
      'connections:',
      '  - name: echo',
      `    destination: ${target}`,
      `    gateway: ${rig.origin}`,
      `    ca_file: ${rig.caFile}`,
      '    listen: 127.0.0.1:0',
    ])
    await desktop.until(({ state }) => state === 'sign-in-needed', 'nobody has signed in')
    assert.deepEqual(await person.browserStarts(), [])

    const first = await desktop.open()
    await exchange(first, 'one')
    const connected = await desktop.until(({ state }) => state === 'connected', 'connected')
    assert.equal(connected.tunnels, 1)
    assert.equal((await person.browserStarts()).length, 1)
    await desktop.untilGateway((view) => view.gateways[0]?.person === alice, 'who is signed in')

    await rig.postern('gateway', 'sessions', 'revoke', '-c', rig.configPath, alice)
    await untilEnded(first)
    const revoked = await desktop.until(({ state }) => state === 'sign-in-needed', 'revoked')
    assert.match(revoked.trouble?.message ?? '', /sign-in, or the credential/)
    const second = await desktop.open()
    await exchange(second, 'two')
    assert.equal((await person.browserStarts()).length, 2)

    rig.child().signal('SIGKILL')
    await rig.child().ended
    await untilEnded(second)
    const away = await desktop.until(({ state }) => state === 'gateway-unreachable', 'gateway away')
    assert.match(away.trouble?.message ?? '', /localhost/)
    await rig.start()
    await desktop.until(({ state }) => state === 'listening', 'gateway back')
    await exchange(await desktop.open(), 'three')

    process.kill(desktop.pid, 'SIGSTOP')
    await pause(sleepMs)
    process.kill(desktop.pid, 'SIGCONT')
    await exchange(await desktop.open(), 'four')
    assert.equal((await person.browserStarts()).length, 2, 'the sign-in is kept over all of that')
    const bytes = await desktop.until(({ bytes: { up } }) => up === 15, 'bytes')
    assert.deepEqual(bytes.bytes, { up: 15, down: 15 })
  },
  sleepMs + 120_000,
)

interface Desktop {
  readonly client: DaemonClient
  readonly pid: number
  until(isMet: (view: ConnectionView) => boolean, what: string): Promise<ConnectionView>
  untilGateway(isMet: (view: DaemonView) => boolean, what: string): Promise<void>
  open(): Promise<Socket>
}

/** A daemon that `postern up -f` has started in the background, with the connections of a file. */
async function startDesktop(
  scope: Scope,
  person: Person,
  lines: readonly string[],
): Promise<Desktop> {
  const file = join(person.home, 'team.yaml')
  await writeFile(file, `${lines.join('\n')}\n`)
  const args = person.tcpArgs('')
  const browser = args[args.indexOf('--browser-cmd') + 1] ?? ''
  const run = (...words: string[]) =>
    mustRun(scope, ...posternCommand(...words), { env: person.env, cwd: person.home })
  await run('up', '-f', file, '--browser-cmd', browser)
  const socket = join(person.env['XDG_STATE_HOME'] ?? '', 'postern', 'desktop', 'daemon.sock')
  const client = createDaemonClient(socket)
  const { pid } = await client.ask('GET /state')
  scope.defer(async () => {
    await client.ask('POST /quit')
    while ((await stateOfProcess(pid)).isRunning) await pause(20)
  })

  /** Looks at each event whether it is so by now. */
  async function untilState<T>(
    find: (view: DaemonView) => T | undefined,
    what: string,
  ): Promise<T> {
    let last: DaemonView | undefined
    const ending = new AbortController()
    const search = (async () => {
      for await (const _ of client.follow(ending.signal)) {
        last = await client.ask('GET /state')
        const found = find(last)
        if (found !== undefined) return found
      }
      throw new Error('the daemon has ended')
    })().finally(() => ending.abort())
    return inTime(search, () => `${what}: ${JSON.stringify(last)}`)
  }

  return {
    client,
    pid,
    until: (isMet, what) =>
      untilState(({ connections: [view] }) => (view && isMet(view) ? view : undefined), what),
    untilGateway: async (isMet, what) =>
      void (await untilState((view) => (isMet(view) ? true : undefined), what)),
    async open() {
      const { connections } = await client.ask('GET /state')
      const port = Number(connections[0]?.address.split(':').at(-1))
      const local = connect({ port, host: '127.0.0.1', noDelay: true })
      local.on('error', () => undefined)
      scope.defer(() => void local.destroy())
      await once(local, 'connect')
      return local
    },
  }
}
