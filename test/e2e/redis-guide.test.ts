import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe } from 'node:test'
import { freePort } from '../../src/net/free-port.fixture.ts'
import {
  carriedByConnector,
  readBehindConnector,
  type BehindConnector,
} from './behind-connector.ts'
import type { Child } from './child.ts'
import {
  failLine,
  listenInstead,
  listenLine,
  openGuide,
  openLine,
  readerAt,
  runLine,
  type Guide,
} from './guide.ts'
import { peerTest } from './peers.ts'
import { startRedis } from './peers/redis.ts'
import { serviceCertificate } from './peers/service-certificate.ts'
import { alice, startRig, type GatewayRig } from './rig.ts'
import type { Person } from './person.ts'
import type { Scope } from './scope.ts'
import { startTap, type Tap } from './tap.ts'

const password = 'correct-horse-battery'
const pipelined = 100_000

describe('docs/services/redis.md', () => {
  peerTest(
    'says what works: AUTH, 100,000 commands, SUBSCRIBE, TLS, a connector',
    ['Redis'],
    async (scope) => {
      const it = await startReader(scope)
      const plain = await listenLine(scope, it.person, it.guide.command(/^postern tcp .*:16379 /))
      await checkPlain(it)
      await checkQuickLook(it)
      await checkPipeline(it, pipelined)
      await checkSubscriber(it)
      const tls = await listenLine(scope, it.person, it.guide.command(/^postern tcp .*:16380 /))
      await checkTls(it)
      await checkBehindConnector(it, plain, tls)
      it.guide.finish()
    },
  )
})

interface Reader {
  readonly scope: Scope
  readonly guide: Guide
  readonly person: Person
  readonly plain: Tap
  readonly encrypted: Tap
  readonly rig: GatewayRig
  readonly behind: BehindConnector
  /** Runs the one command of the guide that matches. */
  run(pattern: RegExp, input?: string): Promise<string>
}

async function startReader(scope: Scope): Promise<Reader> {
  const certificate = await serviceCertificate(scope, 'redis.example.com')
  const tls = { port: await freePort(), certificate }
  const plain = await startTap(
    scope,
    await startRedis(scope, { user: { name: 'app', password }, tls }),
  )
  const encrypted = await startTap(scope, tls.port)
  const addresses = {
    '10.0.0.7:6379': `127.0.0.1:${plain.port}`,
    '10.0.0.7:6380': `127.0.0.1:${encrypted.port}`,
  }
  const behind = await readBehindConnector(scope, addresses)
  const guide = await openGuide('redis', {
    standIns: {
      ...addresses,
      '16379': `${await freePort()}`,
      '16380': `${await freePort()}`,
    },
  })
  const rig = await startRig(scope, guide.routes(), behind.settings)
  const person = await readerAt(scope, rig, alice)
  await writeFile(join(person.home, 'redis-password'), `${password}\n`)
  await writeFile(join(person.home, 'redis-ca.pem'), certificate.ca)
  return {
    scope,
    guide,
    person,
    plain,
    encrypted,
    rig,
    behind,
    run: async (pattern, input = '') =>
      (await runLine(scope, person, guide.command(pattern), { input })).output,
  }
}

async function checkPlain({ plain, run }: Reader): Promise<void> {
  assert.match(await run(/^postern connect /, `${password}\n`), /PONG\n$/)
  assert.match(await run(/^redis-cli -p 16379 .*--askpass ping/, `${password}\n`), /PONG\n$/)
  assert.equal(await run(/set greeting hello/), 'OK\n')
  assert.ok(plain.saw(password) && plain.saw('greeting'), 'without TLS the gateway could read it')
}

async function checkQuickLook({ run }: Reader): Promise<void> {
  assert.equal(await run(/^printf .*\| postern/), '+OK\r\n+PONG\r\n+OK\r\n')
}

/** As many replies as commands, and every key has its own value. */
async function checkPipeline({ scope, guide, person, run }: Reader, count: number): Promise<void> {
  const commands = Array.from({ length: count }, (_, index) =>
    encodeCommand('SET', `key:${index}`, `value ${index}`),
  )
  await writeFile(join(person.home, 'commands.resp'), commands.join(''))
  assert.match(await run(/--pipe < commands\.resp/), new RegExp(`errors: 0, replies: ${count}\n$`))
  const cli = guide.command(/set greeting hello/).replace('set greeting hello', '')
  const ask = async (words: string): Promise<string> =>
    (await runLine(scope, person, `${cli} ${words}`)).output
  assert.equal(await ask('dbsize'), `${pipelined + 1}\n`)
  const sum = `local wrong = 0
    for i = 0, ${count - 1} do
      if redis.call('get', 'key:' .. i) ~= 'value ' .. i then wrong = wrong + 1 end
    end
    return wrong`
  assert.equal(await ask(`eval "${sum}" 0`), '0\n')
}

async function checkTls({ scope, guide, person, encrypted, run }: Reader): Promise<void> {
  const tls = /^redis-cli -p 16380 .*--tls/
  assert.match(await run(tls, `${password}\n`), /PONG\n$/)
  assert.ok(encrypted.saw('redis.example.com'), 'the name in the hello of TLS')
  assert.ok(!encrypted.saw(password), 'the gateway could read the password')

  const other = await serviceCertificate(scope, 'redis.example.com')
  await writeFile(join(person.home, 'other-ca.pem'), other.ca)
  const line = guide.command(tls)
  const distrusting = line.replace('redis-ca', 'other-ca')
  await failLine(scope, person, distrusting, /certificate verify failed/, `${password}\n`)
  // What the guide warns of: the name is told, not checked.
  const misnamed = line.replace('--sni redis.example.com', '--sni other.example.com')
  assert.notEqual(misnamed, line)
  const { output } = await runLine(scope, person, misnamed, { input: `${password}\n` })
  assert.match(output, /PONG\n$/)
}

/** What is published arrives while the subscriber only waits. */
async function checkSubscriber({ scope, guide, person }: Reader): Promise<void> {
  const cli = guide.command(/set greeting hello/).replace('set greeting hello', '')
  const subscriber = openLine(scope, person, `env ${cli} subscribe orders`)
  await subscriber.says(/^subscribe\norders\n1\n/)
  const { output } = await runLine(scope, person, `${cli} publish orders 'number 4711'`)
  assert.equal(output, '1\n')
  await subscriber.says(/^message\norders\nnumber 4711\n/m)
  subscriber.signal('SIGTERM')
  await subscriber.ended
}

/** The same local ports, by the other commands. */
async function checkBehindConnector(it: Reader, plain: Child, tls: Child): Promise<void> {
  const { scope, guide, person, rig, behind } = it
  await behind.start(rig)
  await listenInstead(scope, person, plain, guide.command(/^postern access .*:16379$/))
  await checkPlain(it)
  await checkPipeline(it, 1_000)
  await checkSubscriber(it)
  await listenInstead(scope, person, tls, guide.command(/^postern access .*:16380$/))
  await checkTls(it)
  await carriedByConnector(rig, 'redis.example.com')
  await carriedByConnector(rig, 'redis-tls.example.com')
}

/** The serialization protocol of Redis: https://redis.io/docs/latest/develop/reference/protocol-spec/ */
function encodeCommand(...words: string[]): string {
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`)
  return `*${words.length}\r\n${parts.join('')}`
}
