import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { once } from 'node:events'
import { startFakeGateway } from '../../src/reach/fake-gateway.fixture.ts'
import { peerTest } from './peers.ts'
import type { Scope } from './scope.ts'
import { startSystemd, type SystemdMachine } from './peers/systemd.ts'

const unit = 'postern-desktop.service'
const home = '/root/my home'
const session = { HOME: home, XDG_RUNTIME_DIR: '/run/user/0' }

/** Runs a program to its end, which must be a good one, and answers what it says. */
type AsPerson = (program: string, ...args: string[]) => Promise<string>

peerTest(
  'a person installs the daemon, which is looked after, and removes it',
  ['systemd as first process'],
  async (scope) => {
    const machine = await startSystemd(scope)
    await startUserManager(machine)
    const asPerson: AsPerson = async (program, ...args) => {
      const { ending, output, errors } = await machine.run(program, args, session)
      assert.equal(ending, 0, `${program} ${args.join(' ')}: ${output}${errors}`)
      return output + errors
    }
    const postern = (...args: string[]): Promise<string> => asPerson(...machine.program, ...args)

    assert.match(
      await postern('desktop', 'install'),
      /^the daemon starts now and with each session$/m,
    )
    const first = await mainProcess(machine, asPerson)
    assert.match(await postern('status'), /no connection is saved yet/)
    assert.match(await asPerson('systemctl', '--user', 'is-enabled', unit), /^enabled$/m)
    const limits = await machine.read(`/proc/${first}/status`)
    assert.match(limits, /^NoNewPrivs:\t1$/m)

    await opensOutside(scope, machine, postern)

    // One that runs is told of, and stays.
    assert.match(await postern('desktop', 'install'), /the one that runs goes on as it is/)
    assert.equal(await mainProcess(machine, asPerson), first)

    await machine.must('kill', '-KILL', first)
    const second = await mainProcess(machine, asPerson, first)

    const removed = await postern('desktop', 'uninstall')
    assert.match(removed, /^removed ".*postern-desktop\.service"$/m)
    const gone = await machine.run('kill', ['-0', second])
    assert.notEqual(gone.ending, 0)
    const left = await asPerson('find', home, '-name', '*postern-desktop*')
    assert.equal(left, '')

    // One that was started on demand stays in the place of the session's, which has nothing to fail for.
    await postern('desktop', '--print-url')
    assert.match(await postern('desktop', 'install'), /the one that runs goes on as it is/)
    assert.equal(await asPerson('/bin/sh', '-euc', untilDead), 'success\n')
    assert.match(await postern('desktop', 'uninstall'), /^the daemon \(process \d+\) ends$/m)
  },
)

/** Prints how it ended, once it has left its work to another daemon; systemd tells nobody outside. */
const untilDead = `
  for _ in $(seq 300); do
    if journalctl --no-pager --output=cat | grep -q 'runs already: it stays' &&
      [ "$(systemctl --user show --property=SubState --value ${unit})" = dead ]
    then exec systemctl --user show --property=Result --value ${unit}; fi
    sleep 0.1
  done
  systemctl --user status ${unit} >&2
  exit 1
`

const opened = '/root/opened'
/** Notes what it was given, and what it is to the system. */
const opener = `#!/bin/sh
{ echo "$1"; cat /proc/self/cgroup; grep NoNewPrivs /proc/self/status; } >${opened}.draft
mv ${opened}.draft ${opened}
`

/** A browser is no part of the daemon: it neither ends with it nor is kept from its own privileges. */
async function opensOutside(
  scope: Scope,
  machine: SystemdMachine,
  postern: (...args: string[]) => Promise<string>,
): Promise<void> {
  const gateway = await startFakeGateway()
  scope.defer(async () => gateway[Symbol.asyncDispose]())
  await machine.write('/usr/local/bin/xdg-open', opener, 0o755)
  const connection = { name: 'db', destination: 'db.corp:5432', gateway: gateway.origin }
  const team = { connections: [{ ...connection, ca_cert: gateway.ca }] }
  await machine.write('/root/team.yaml', JSON.stringify(team))
  const up = JSON.parse(await postern('up', '--json', '-f', '/root/team.yaml')) as {
    readonly connections: readonly { readonly address: string }[]
  }
  const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(up.connections[0]?.address ?? '') ?? []
  const socket = connect({ host, port: Number(port) })
  scope.defer(() => void socket.destroy())
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  const script = 'for _ in $(seq 300); do [ -e "$0" ] && exit 0; sleep 0.1; done; exit 1'
  await machine.must('/bin/sh', '-euc', script, opened)
  const noted = await machine.read(opened)
  assert.match(noted, /^https:\/\/[^]*NoNewPrivs:\t0$/m)
  assert.match(noted, /run-\w+\.service$/m)
  assert.ok(!noted.includes(unit), noted)
  const journal = await machine.must('journalctl', '--no-pager', '--output=cat')
  assert.match(journal, /Started .*Browser for Postern/)
  assert.ok(!journal.includes('code_challenge'))
  assert.match(await postern('down', '-f', '/root/team.yaml'), /taken down/)
}

/** What a login starts; without one, and without a bus, it is a service of the machine. */
async function startUserManager(machine: SystemdMachine): Promise<void> {
  await machine.must('mkdir', '-p', home, session.XDG_RUNTIME_DIR)
  await machine.must('chmod', '700', session.XDG_RUNTIME_DIR)
  const environment = Object.entries(session).map(([name, value]) => `--setenv=${name}=${value}`)
  const properties = ['--property=Delegate=yes', '--property=Type=notify', '--property=PAMName=']
  await machine.must(
    'systemd-run',
    '--quiet',
    '--unit=user-manager',
    ...properties,
    ...environment,
    '/lib/systemd/systemd',
    '--user',
  )
}

/** The main process of the unit, once it answers and is another one than `before`; systemd and the socket tell nobody outside. */
async function mainProcess(
  { program }: SystemdMachine,
  asPerson: AsPerson,
  before = '',
): Promise<string> {
  const script = `
    before=$1; shift
    for _ in $(seq 60); do
      pid=$(systemctl --user show --property=MainPID --value ${unit})
      if [ "$pid" != 0 ] && [ "$pid" != "$before" ] && "$@" status --json | grep -q '"running": true'
      then echo "$pid"; exit 0; fi
      sleep 0.5
    done
    systemctl --user status ${unit} >&2
    exit 1
  `
  return (await asPerson('/bin/sh', '-euc', script, 'sh', before, ...program)).trim()
}
