import assert from 'node:assert/strict'
import { appendFile, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { stateOfProcess } from '../../src/client/sign-in/process-identity.ts'
import { signInWithForms } from '../../src/dev-idp/sign-in-with-forms.ts'
import { inTime, startChild, type Child } from './child.ts'
import { startSshd, type Sshd } from './peers/openssh.ts'
import { peerTest, program } from './peers.ts'
import { personAt, type Person } from './person.ts'
import { alice, posternCommand, route, startRig, type GatewayRig } from './rig.ts'
import type { Scope } from './scope.ts'

const host = 'ssh.example.com'
/** Ten times what is promised: an orphan looks once a second. */
const maxTakeoverMs = 20_000

describe('a sign-in that nobody finishes', () => {
  peerTest(
    'ssh killed with -9 leaves no orphan, and its tab serves the next',
    ['OpenSSH'],
    async (scope) => {
      const { rig, options, person, tabs } = await startSsh(scope)
      const killed = startChild(scope, program('ssh'), [...options, host, 'true'], person)
      const address = await addressOf(killed)
      const [, proxy = ''] = /"pid":(\d+)/.exec(await lockOf(person)) ?? []
      killed.signal('SIGKILL')
      await inTime(untilGone(Number(proxy)), () => 'the orphan stays', maxTakeoverMs)

      const next = startChild(scope, program('ssh'), [...options, host, 'echo through'], person)
      assert.equal(await addressOf(next), address)
      await signInWithForms(address, { email: alice }, { request: { ca: rig.ca } })
      assert.equal(await next.ended, 0, next.errors())
      assert.equal(next.output(), 'through\n')
      assert.equal(await tabs(), 1)
      assert.equal(rig.idp.signInCount, 1)
    },
  )

  peerTest(
    'postern killed with -9 holds nobody up, and opens no second tab',
    ['OpenSSH'],
    async (scope) => {
      const { rig, person, options, tabs } = await startSsh(scope)
      const first = startPipe(scope, person, options)
      const address = await addressOf(first)
      const waiting = startPipe(scope, person, options)
      await waiting.says(/waiting for the sign-in that another postern has begun/)
      first.signal('SIGKILL')
      assert.equal(await inTime(addressOf(waiting), () => 'it waits on', maxTakeoverMs), address)
      await signInWithForms(address, { email: alice }, { request: { ca: rig.ca } })
      await waiting.says(/^SSH-2\.0-/)
      assert.equal(await tabs(), 1)
    },
  )

  peerTest('six tries that are given up open one tab', ['OpenSSH'], async (scope) => {
    const { person, options, tabs } = await startSsh(scope)
    const addresses = new Set<string>()
    for (let count = 0; count < 6; count += 1) {
      const attempt = startPipe(scope, person, options)
      addresses.add(await addressOf(attempt))
      attempt.signal('SIGTERM')
      await attempt.ended
    }
    assert.equal(addresses.size, 1)
    assert.equal(await tabs(), 1)
  })
})

interface SshRig {
  readonly rig: GatewayRig
  readonly sshd: Sshd
  readonly person: Person
  readonly options: readonly string[]
  /** How many tabs were opened, by a browser in which nobody does anything. */
  tabs(): Promise<number>
}

async function startSsh(scope: Scope): Promise<SshRig> {
  const sshd = await startSshd(scope, host)
  const rig = await startRig(scope, [route(`${host}:22`, sshd.port)])
  const person = await personAt(scope, rig, alice)
  const [browser, log] = [join(scope.directory, 'idle'), join(scope.directory, 'idle.log')]
  await appendFile(log, '')
  await writeFile(browser, `#!/bin/sh\necho "$1" >>'${log}'\n`, { mode: 0o755 })
  const proxy = `${person.proxyCommand('%h:%p')} --browser-cmd ${browser}`
  return {
    rig,
    sshd,
    person,
    options: [...sshd.clientOptions, '-o', `User=${sshd.user}`, '-o', `ProxyCommand=${proxy}`],
    tabs: async () => (await readFile(log, 'utf8')).split('\n').length - 1,
  }
}

/** The command of `ssh` by itself. */
function startPipe(scope: Scope, person: Person, options: readonly string[]): Child {
  const proxy = options.at(-1)?.replace('ProxyCommand=postern ', '').replace('%h:%p', `${host}:22`)
  const command = posternCommand(...(proxy ?? '').split(' '))
  return startChild(scope, ...command, { env: person.env, cwd: person.home })
}

async function addressOf(child: Child): Promise<string> {
  const [, address = ''] = await child.says(/:\n\n {2}(https:\S+)\n\n/)
  return address
}

async function lockOf({ home }: Person): Promise<string> {
  const tokens = join(home, '.cache', 'postern', 'tokens')
  const [name = ''] = (await readdir(tokens)).filter((file) => file.endsWith('.lock'))
  return readFile(join(tokens, name), 'utf8')
}

/** Its id may be asked after; nobody is told of the end of somebody else's child. */
async function untilGone(pid: number): Promise<void> {
  while ((await stateOfProcess(pid)).isRunning) await wait(50)
}
