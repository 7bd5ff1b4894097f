import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connectorUnit } from '../../src/autostart/connector-unit.ts'
import {
  registered,
  startFakeGateway,
  type AcceptedLink,
  type FakeGateway,
} from '../../src/connector/fake-gateway.fixture.ts'
import { encodeTunnelToken } from '../../src/tunnel/tunnel-credential.ts'
import { startChild, type Child } from './child.ts'
import { peerTest, program } from './peers.ts'
import { startSystemd, type SystemdMachine } from './peers/systemd.ts'
import { connectionCount } from './publisher.ts'
import { posternCommand } from './rig.ts'
import type { Scope } from './scope.ts'
import { echo, startService } from './services.ts'

const unit = 'postern-tunnel.service'
const unitFile = `/etc/systemd/system/${unit}`
const configFile = '/etc/postern/100% ours/config.yml'
const tokenFile = '/etc/postern/postern-tunnel.token'

/** A gateway that takes connectors, or says why not. */
interface Gateway extends FakeGateway {
  refuse(message: string): void
  take(): void
}

async function startGateway(scope: Scope): Promise<Gateway> {
  let refusal: string | undefined
  const gateway = await startFakeGateway({
    answer() {
      if (refusal === undefined) return registered()
      const code = 'wrong-secret'
      return { type: 'refused', code, message: refusal, next: 'make another', retry: false }
    },
  })
  scope.defer(() => gateway.close())
  return { ...gateway, refuse: (why) => (refusal = why), take: () => (refusal = undefined) }
}

async function install(machine: SystemdMachine, ...more: string[]): Promise<void> {
  const args = ['service', 'install', '--token-file', '/root/token', ...more]
  const { ending, errors } = await machine.postern(...args)
  assert.equal(ending, 0, errors)
}

/** The newest connection of a connector that has registered after so many. */
async function linkAfter(gateway: FakeGateway, count: number): Promise<AcceptedLink> {
  await gateway.linked(count + connectionCount)
  return gateway.links[count] as AcceptedLink
}

peerTest(
  'a service is started, looked after and removed',
  ['systemd as first process'],
  async (scope) => {
    const machine = await startSystemd(scope)
    const gateway = await startGateway(scope)
    const port = await startService(scope, echo)
    const token = encodeTunnelToken(gateway.credential)
    await machine.write('/root/token', token, 0o600)
    await refusedInstalls(machine)

    await machine.write(configFile, configFor(port))
    const journal = machine.journal(unit)
    await install(machine, '--config', configFile, '--grace-period', '60s')
    await machine.until(unit, { ActiveState: 'active', StatusText: 'connected', Result: 'success' })
    const stat = await machine.must('stat', '--format=%a %U', tokenFile, unitFile)
    assert.equal(stat, '600 root\n644 root\n')
    assert.ok(!(await machine.read(unitFile)).includes(token))
    const processes = await machine.must('ps', '-eo', 'user:40,args')
    assert.match(processes, /^postern-tunnel .*tunnel run --token-file \/run\/credentials/m)
    assert.ok(!processes.includes(token))

    await reloads(machine, gateway, journal)
    await survivesAKill(machine, gateway)
    await endsInOrder(machine, gateway)
    await staysDown(machine, gateway)

    await journal.says(/postern: error: the secret is not right/)
    assert.match(journal.output(), /Registered tunnel connection connIndex=0/)
    assert.ok(!journal.output().includes(token))
    await installedAgain(machine, gateway)
    await removed(machine)
  },
)

peerTest('what systemd is told follows the connections', ['systemd', 'Python'], async (scope) => {
  const gateway = await startGateway(scope)
  const port = await startService(scope, echo)
  const socket = join(scope.directory, 'notify')
  const script = join(import.meta.dirname, 'peers', 'notify-socket.py')
  const manager = startChild(scope, program('python3'), [script, socket])
  await manager.says(/^listening$/m)
  await writeFile(join(scope.directory, 'token'), encodeTunnelToken(gateway.credential))
  const [node, main] = posternCommand()
  const text = connectorUnit({
    program: [node, ...main],
    options: ['--url', `tcp://127.0.0.1:${port}`, '--grace-period', '50s'],
    tokenFile: '/etc/postern/postern-tunnel.token',
    gracePeriodMs: 50_000,
  })
  const line = /^ExecStart=(.*)$/m.exec(text)?.[1] ?? ''
  const [command = '', ...args] = line
    .replace('${CREDENTIALS_DIRECTORY}', scope.directory)
    .split(' ')
  const child = startChild(scope, command, args, { env: { NOTIFY_SOCKET: socket } })

  await manager.says(/^STATUS=connecting$[^]*^READY=1$[^]*^STATUS=connected$/m)
  await gateway.linked(4)
  for (const { socket: link } of gateway.links) link.destroy()
  await manager.says(/^STATUS=not connected; trying again$[^]*^STATUS=connected$/m)
  const stream = await gateway.open(gateway.links.at(-1) as AcceptedLink)
  child.signal('SIGTERM')
  await manager.says(/^STOPPING=1$[^]*^STATUS=waiting for open streams to end$/m)
  await manager.says(/^EXTEND_TIMEOUT_USEC=60000000$/m)
  stream.end().resume()
  assert.equal(await child.ended, 0)
  assert.deepEqual(manager.output().match(/^READY=1$/gm)?.length, 3)
})

function configFor(port: number): string {
  return `ingress: [{service: "tcp://127.0.0.1:${port}"}]\n`
}

async function refusedInstalls(machine: SystemdMachine): Promise<void> {
  const args = ['service', 'install', '--token-file', '/token', '--url', 'ssh://localhost']
  await machine.write('/token', await machine.read('/root/token'), 0o644)
  const asUser = ['--reuid=65534', '--clear-groups', ...machine.program]
  const user = await machine.run('setpriv', [...asUser, ...args])
  assert.equal(user.ending, 8)
  assert.match(user.errors, /only root can install[^]*hint: run it as root/)

  const [command, ...first] = machine.program
  const without = await machine.run(command, [...first, ...args], { PATH: '/nowhere' })
  assert.equal(without.ending, 8)
  assert.match(without.errors, /there is no systemd here/)

  await machine.write('/root/config.yml', configFor(1))
  const home = await machine.postern(...args, '--config', '/root/config.yml')
  assert.equal(home.ending, 2)
  assert.match(home.errors, /cannot read "\/root\/config\.yml": homes and \/tmp are hidden/)
  await machine.write('/etc/closed/config.yml', configFor(1))
  await machine.must('chmod', '700', '/etc/closed')
  const closed = await machine.postern(...args, '--config', '/etc/closed/config.yml')
  assert.match(closed.errors, /chmod 755 "\/etc\/closed"/)

  const taken = await machine.postern(...args, '--service-name', 'systemd-journald')
  assert.equal(taken.ending, 2)
  assert.match(taken.errors, /systemd-journald\.service" is not a unit of "postern service"/)
  const nothing = await machine.postern('service', 'uninstall')
  assert.equal(nothing.ending, 2)
  assert.match(nothing.errors, /there is no "\/etc\/systemd\/system\/postern-tunnel\.service"/)
  // Nothing is left of any of them.
  assert.equal((await machine.run('ls', ['/etc/postern', unitFile])).output, '')
}

/** HUP, by `systemctl reload`: what is open goes on, what comes next goes elsewhere. */
async function reloads(machine: SystemdMachine, gateway: Gateway, journal: Child): Promise<void> {
  const link = await linkAfter(gateway, 0)
  const stream = await gateway.open(link)
  const before = await machine.read(configFile)
  await machine.write(configFile, configFor(1))
  await machine.must('systemctl', 'reload', unit)
  await journal.says(/Updated to new configuration/)
  await assert.rejects(gateway.open(link), { code: 'connector-origin-unreachable' })
  stream.write('still')
  assert.equal(String((await once(stream, 'data'))[0]), 'still')
  stream.destroy()
  await machine.write(configFile, before)
}

async function survivesAKill(machine: SystemdMachine, gateway: Gateway): Promise<void> {
  const count = gateway.links.length
  await machine.must('systemctl', 'kill', '--kill-whom=main', '--signal=KILL', unit)
  await linkAfter(gateway, count)
  await machine.until(unit, { ActiveState: 'active', NRestarts: '1' })
}

async function endsInOrder(machine: SystemdMachine, gateway: Gateway): Promise<void> {
  await machine.until(unit, { StatusText: 'connected' })
  const stream = await gateway.open(gateway.links.at(-1) as AcceptedLink)
  const stopped = machine.must('systemctl', 'stop', unit)
  await machine.until(unit, {
    ActiveState: 'deactivating',
    StatusText: 'waiting for open streams to end',
  })
  stream.write('still')
  assert.equal(String((await once(stream, 'data'))[0]), 'still')
  stream.end().resume()
  await stopped
  await machine.until(unit, { ActiveState: 'inactive', Result: 'success', ExecMainStatus: '0' })
}

/** What would only fail again is not begun again. */
async function staysDown(machine: SystemdMachine, gateway: Gateway): Promise<void> {
  gateway.refuse('the secret is not right')
  const started = await machine.run('systemctl', ['start', unit])
  assert.equal(started.ending, 1)
  await machine.until(unit, { ActiveState: 'failed', ExecMainStatus: '4', SubState: 'failed' })
  gateway.take()
}

/** The second install is what runs from then on. */
async function installedAgain(machine: SystemdMachine, gateway: Gateway): Promise<void> {
  for (const url of ['ssh://localhost', 'rdp://localhost']) {
    const count = gateway.links.length
    await install(machine, '--url', url)
    const { registration } = await linkAfter(gateway, count)
    assert.equal(registration.services[0]?.service, url)
    await machine.until(unit, { ActiveState: 'active', TimeoutStopUSec: '40s' })
  }
}

async function removed(machine: SystemdMachine): Promise<void> {
  const { ending, errors } = await machine.postern('service', 'uninstall')
  assert.equal(ending, 0, errors)
  await machine.until(unit, { LoadState: 'not-found', ActiveState: 'inactive' })
  assert.equal((await machine.run('ls', [unitFile, tokenFile])).output, '')
}
