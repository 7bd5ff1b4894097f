import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { freePort } from '../../src/net/free-port.fixture.ts'
import { mustRun, runChild, type Result } from './child.ts'
import { startSshd } from './peers/openssh.ts'
import { startSquid } from './peers/squid.ts'
import { peerTest, program } from './peers.ts'
import { personAt, type Person } from './person.ts'
import { alice, posternCommand, route, startRig } from './rig.ts'
import type { Scope } from './scope.ts'
import { echo, startService } from './services.ts'

const host = 'ssh.example.com'
const target = 'echo.example.com:7'
const user = { name: 'alice', password: 'p@ss:word' }
const credentials = 'alice:p%40ss%3Aword'

describe('through a company proxy', () => {
  peerTest(
    'ssh and its sign-in go through Squid, which is signed in to',
    ['OpenSSH', 'Squid'],
    async (scope) => {
      const sshd = await startSshd(scope, host)
      const rig = await startRig(scope, [route(`${host}:22`, sshd.port)])
      const squid = await startSquid(scope, { allowedPort: rig.port, user })
      const person = await personAt(scope, rig, alice)
      const env = { ...person.env, HTTPS_PROXY: `http://${credentials}@${squid.address}` }
      const proxy = `ProxyCommand=${person.proxyCommand('%h:%p')}`
      const args = [...sshd.clientOptions, '-l', sshd.user, '-o', proxy, host, 'echo reached']
      const { output } = await mustRun(scope, program('ssh'), args, { env, cwd: person.home })
      assert.equal(output, 'reached\n')
      assert.equal((await person.browserStarts()).length, 1)
      const connects = await squid.connects()
      // The tunnel's connection, and those of the sign-in.
      assert.ok(connects.length >= 2, JSON.stringify(connects))
      for (const connect of connects) {
        assert.deepEqual(connect, { target: `localhost:${rig.port}`, status: 200, user: 'alice' })
      }
    },
  )

  for (const way of ['connect', 'websocket']) {
    peerTest(`--transport ${way} goes through Squid too`, ['Squid'], async (scope) => {
      const { squid, ask } = await startEcho(scope, {})
      const { ending, output, errors } = await ask(
        { https_proxy: squid.address },
        '--transport',
        way,
      )
      assert.deepEqual([ending, output], [0, 'there and back'], errors)
      assert.ok((await squid.connects()).length > 0)
    })
  }

  peerTest('NO_PROXY leads around it', ['Squid'], async (scope) => {
    const { squid, ask } = await startEcho(scope, {})
    const env = { HTTPS_PROXY: `http://${squid.address}`, NO_PROXY: '.example.com,localhost' }
    const { ending, output, errors } = await ask(env)
    assert.deepEqual([ending, output], [0, 'there and back'], errors)
    assert.deepEqual(await squid.connects(), [])
  })

  peerTest('a proxy that refuses is named, with what to do', ['Squid'], async (scope) => {
    const { squid, ask } = await startEcho(scope, { allowedPort: await freePort() })
    const { ending, errors } = await ask({ ALL_PROXY: `http://${squid.address}` })
    assert.equal(ending, 7)
    assert.match(
      errors,
      /^postern: error: the proxy "127\.0\.0\.1:\d+" does not allow a connection to "localhost:\d+" \(status 403\)\n {2}hint: .*NO_PROXY/,
    )
    const [connect] = await squid.connects()
    assert.equal(connect?.status, 403)
  })

  peerTest(
    'a proxy that asks for a sign-in is told from one that does not accept it',
    ['Squid'],
    async (scope) => {
      const { squid, ask } = await startEcho(scope, { user })
      const without = await ask({ HTTPS_PROXY: `http://${squid.address}` })
      assert.equal(without.ending, 7)
      assert.match(
        without.errors,
        /asks for a sign-in \(status 407\)\n {2}hint: put user and password into HTTPS_PROXY/,
      )
      const wrong = await ask({ HTTPS_PROXY: `http://alice:wrong-secret@${squid.address}` })
      assert.match(wrong.errors, /does not accept the user and password of HTTPS_PROXY/)
      assert.doesNotMatch(wrong.errors, /wrong-secret/)
    },
  )
})

interface Echo {
  readonly squid: Awaited<ReturnType<typeof startSquid>>
  readonly person: Person
  /** `postern tcp --listen -` with these variables, to its end. */
  ask(env: Readonly<Record<string, string>>, ...options: string[]): Promise<Result>
}

async function startEcho(
  scope: Scope,
  options: { allowedPort?: number; user?: typeof user },
): Promise<Echo> {
  const service = await startService(scope, echo)
  const rig = await startRig(scope, [route(target, service)])
  const squid = await startSquid(scope, { allowedPort: rig.port, ...options })
  const person = await personAt(scope, rig, alice)
  return {
    squid,
    person,
    ask(env, ...more) {
      const args = person.tcpArgs(target, '--listen', '-', ...more)
      return runChild(scope, ...posternCommand(...args), {
        env: { ...person.env, ...env },
        cwd: person.home,
        input: 'there and back',
      })
    },
  }
}
