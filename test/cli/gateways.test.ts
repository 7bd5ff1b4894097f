// A gateway is named once, by "postern login", and every command after that means it.
import assert from 'node:assert/strict'
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import {
  followSignIn,
  startFakeGateway,
  type FakeGateway,
  type FakeGatewayOptions,
} from '../../src/reach/fake-gateway.fixture.ts'
import { openTokenCache } from '../../src/client/sign-in/token-cache.ts'
import { silentLogger } from '../../src/log.ts'
import { createCertificateAuthority } from '../../src/net/certificate.ts'
import { gatewayPaths } from '../../src/tunnel/paths.ts'
import { createSandbox, runPostern, startPostern, type Ended } from './program.ts'

const routes = [
  { id: '1', name: 'orders-db', type: 'tcp', from: 'tcp+https://db.corp:5432', description: '' },
  { id: '2', name: 'cache', type: 'tcp', from: 'tcp+https://cache.corp:6379', description: '' },
]

interface Rig extends AsyncDisposable {
  readonly gateway: FakeGateway
  readonly caFile: string
  readonly path: string
  readonly env: NodeJS.Dict<string>
  readonly file: string
  run(...args: string[]): Promise<Ended>
  /** Signs in by a browser; resolves once the program has ended. */
  login(...args: string[]): Promise<Ended>
  /** What goes through a tunnel and comes back. */
  tunnel(...args: string[]): Promise<Ended>
}

async function openRig(
  options: FakeGatewayOptions = {},
  more: NodeJS.Dict<string> = {},
): Promise<Rig> {
  const gateway = await startFakeGateway({ routes, ...options })
  const sandbox = await createSandbox()
  const caFile = join(sandbox.path, 'ca.pem')
  await writeFile(caFile, gateway.ca)
  const env = { ...sandbox.env, HOME: sandbox.path, ...more }
  return {
    gateway,
    caFile,
    path: sandbox.path,
    env,
    file: join(sandbox.path, 'config', 'postern', 'gateways.json'),
    run: (...args) => runPostern(args, { env }),
    async login(...args) {
      const program = startPostern(['login', '--browser-cmd', 'true', ...args], { env })
      const [, url = ''] = await program.untilStderr(/sign in at:\n\n {2}(\S+)\n/)
      await followSignIn(url)
      return program.ended
    },
    async tunnel(...args) {
      const program = startPostern(['tcp', '--listen', '-', ...args], { env })
      program.child.stdin?.end('hello')
      return program.ended
    },
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]()
      await sandbox[Symbol.asyncDispose]()
    },
  }
}

/** What ended well, and what it printed. */
function good({ code, stdout, stderr }: Ended): string {
  assert.equal(code, 0, stderr)
  return stdout
}

describe('a gateway that is named once', () => {
  test('is meant by the commands that follow, with its authority, though the file of that is gone', async () => {
    await using rig = await openRig()
    const login = await rig.login(rig.gateway.origin, '--ca-file', rig.caFile, '--name', 'work')
    good(login)
    assert.match(login.stderr, /\nremembered as "work": commands that name no gateway mean it\n$/)
    await rm(rig.caFile)
    assert.equal(good(await rig.tunnel('db.corp:5432')), 'hello')
    assert.equal(good(await rig.tunnel('orders-db')), 'hello')
    assert.equal(good(await rig.tunnel('--gateway', 'work', 'cache')), 'hello')
    assert.equal(good(await rig.tunnel(`${rig.gateway.origin}/a:1`)), 'hello')
    assert.deepEqual(
      rig.gateway.connects.map(({ authority }) => authority),
      ['db.corp:5432', 'db.corp:5432', 'cache.corp:6379', 'a:1'],
    )
    const listed = await rig.run('routes', 'list')
    assert.match(good(listed), /^NAME +DESTINATION.*\norders-db +db\.corp:5432\n/)
    assert.match(listed.stderr, /connect with: postern connect NAME\n$/)
    assert.match(good(await rig.run('ssh-config', '--all')), /^# /)
    const again = await rig.run('login')
    assert.match(again.stderr, /^already signed in to "https:\S+"\n {2}hint: [^\n]+\n$/)
    assert.equal(rig.gateway.logins, 1)
  })

  test('stays remembered after a sign-out, and is forgotten when it is removed', async () => {
    await using rig = await openRig()
    good(await rig.login(rig.gateway.origin, '--ca-file', rig.caFile))
    const [token] = rig.gateway.tokens
    await rig.run('logout')
    assert.match((await rig.login()).stderr, /signed in to "https:/)
    assert.ok(token !== undefined && rig.gateway.logins === 2)
    const removed = await rig.run('gateways', 'remove', 'localhost')
    assert.match(
      removed.stderr,
      /^"localhost" is forgotten\nthe sign-in is still kept .*\n.*logout https:/,
    )
    assert.deepEqual(await readdir(join(rig.path, 'cache', 'postern', 'routes')), [])
    const missing = await rig.run('routes', 'list')
    assert.deepEqual([missing.code, missing.stdout], [2, ''])
    assert.match(missing.stderr, /which gateway\? none is remembered\n {2}hint: "postern login /)
  })

  test('gives way to POSTERN_GATEWAY and POSTERN_CA_FILE, which count as none where they are empty', async () => {
    await using rig = await openRig({ isPublic: true })
    await using other = await openRig({ isPublic: true })
    good(await rig.login(rig.gateway.origin, '--ca-file', rig.caFile))
    const named = { POSTERN_GATEWAY: other.gateway.origin, POSTERN_CA_FILE: other.caFile }
    for (const [more, asked] of [
      [named, other],
      [{ POSTERN_GATEWAY: '', POSTERN_CA_FILE: '' }, rig],
      [{ POSTERN_GATEWAY: 'localhost' }, rig],
    ] as const) {
      const before = asked.gateway.connects.length
      const program = startPostern(['tcp', '--listen', '-', 'a:1'], {
        env: { ...rig.env, ...more },
      })
      program.child.stdin?.end('hello')
      assert.equal(good(await program.ended), 'hello')
      assert.equal(asked.gateway.connects.length, before + 1)
    }
  })

  test('has an authority of its own, which vouches for no other gateway', async () => {
    await using rig = await openRig({ isPublic: true })
    await using other = await openRig({ isPublic: true })
    good(await rig.login(rig.gateway.origin, '--ca-file', rig.caFile))
    // The same authority has signed it, and nobody has said that it is to be believed there.
    const stranger = await rig.tunnel('--gateway', other.gateway.origin, 'a:1')
    assert.equal(stranger.code, 7, stranger.stderr)
    assert.match(stranger.stderr, /certificate/)
    assert.deepEqual(other.gateway.connects, [])
  })

  test('a second one has a name of its own, and is meant by that', async () => {
    await using rig = await openRig()
    await using other = await startFakeGateway()
    good(await rig.login(rig.gateway.origin, '--ca-file', rig.caFile))
    const second = await rig.login(other.origin, '--ca-file', rig.caFile)
    assert.match(second.stderr, /remembered as "localhost-2": "--gateway localhost-2" means it\n/)
    good(await rig.run('gateways', 'rename', 'localhost-2', 'lab'))
    const { default: first, gateways } = JSON.parse(good(await rig.run('gateways', '--json')))
    assert.deepEqual(
      [first, gateways.map(({ name }: { name: string }) => name)],
      ['localhost', ['localhost', 'lab']],
    )
    good(await rig.run('gateways', 'use', 'lab'))
    assert.match(good(await rig.run('gateways')), /\n\* {2,}lab .*its own/)
    assert.equal(good(await rig.tunnel('a:1')), 'hello')
    assert.equal(other.connects.length, 1)
    const taken = await rig.run('login', '--name', 'localhost')
    assert.deepEqual([taken.code, other.tokens.size], [2, 1])
    const misspelt = await rig.run('routes', 'list', 'lba')
    assert.match(
      misspelt.stderr,
      /no gateway is remembered as "lba"\n {2}hint: did you mean "lab"\?/,
    )
  })

  test('two sign-ins at once are both remembered', async () => {
    await using rig = await openRig()
    const others = await Promise.all(Array.from({ length: 3 }, () => startFakeGateway()))
    await using _ = {
      [Symbol.asyncDispose]: async () =>
        void (await Promise.all(others.map((one) => one[Symbol.asyncDispose]()))),
    }
    const logins = others.map(({ origin }) => rig.login(origin, '--ca-file', rig.caFile))
    for (const login of await Promise.all(logins)) {
      good(login)
      assert.match(login.stderr, /\nremembered as /)
    }
    const { gateways } = JSON.parse(good(await rig.run('gateways', '--json')))
    assert.deepEqual(
      gateways.map(({ url }: { url: string }) => url).sort(),
      others.map(({ origin }) => origin).sort(),
    )
  })
})

test('access is asked for at the gateway that has listed the route, though it may not be used yet', async () => {
  const closed = { ...routes[0], name: 'payroll', from: 'tcp+https://pay.corp:5432' }
  const asked = { id: 'ar-1', route_name: 'payroll', state: 'pending', for_seconds: 3600 }
  const listed = JSON.stringify({ routes: [], listed_routes: [closed] })
  await using rig = await openRig()
  await using other = await startFakeGateway({
    answers: {
      [gatewayPaths.routes]: { status: 200, body: listed },
      [gatewayPaths.requests]: { status: 201, body: JSON.stringify(asked) },
    },
  })
  good(await rig.login(rig.gateway.origin, '--ca-file', rig.caFile))
  good(await rig.login(other.origin, '--ca-file', rig.caFile))
  const request = ['--for', '1h', '--reason', 'incident 7']
  assert.match(good(await rig.run('request', 'payroll', ...request)), /^ar-1: asked for access/)
  // The default one does not take requests at all.
  assert.equal((await rig.run('request', 'unknown', ...request)).code, 7)
})

describe('a gateway that cannot be remembered', () => {
  test('is signed in to all the same', async () => {
    await using rig = await openRig({}, { XDG_CONFIG_HOME: '/dev/null/config' })
    const login = await rig.login(rig.gateway.origin, '--ca-file', rig.caFile)
    good(login)
    assert.match(login.stderr, /the gateway is not remembered: cannot write "\/dev\/null\/config/)
    assert.match(login.stderr, /signed in to "https:/)
  })

  test('is one whose sign-in failed, or whose certificate was not checked', async () => {
    await using rig = await openRig()
    const failed = await rig.run('login', rig.gateway.origin)
    assert.equal(failed.code, 7)
    const unchecked = await rig.login(rig.gateway.origin, '--disable-tls-verification')
    assert.match(
      good(unchecked) + unchecked.stderr,
      /not remembered: its certificate was not checked/,
    )
    assert.match((await rig.run('gateways')).stderr, /^no gateway is remembered\n/)
  })

  test('is in a file that is damaged, which is kept under another name', async () => {
    await using rig = await openRig({ isPublic: true })
    await mkdir(join(rig.file, '..'), { recursive: true })
    const text =
      '{ "version": 1, "gateways": [{ "name": "\\u001b]0;owned\\u0007", "url": "https://a" }] }'
    await writeFile(rig.file, text)
    const args = ['--gateway', rig.gateway.origin, '--ca-file', rig.caFile, 'a:1']
    const first = await rig.tunnel(...args)
    assert.equal(good(first), 'hello')
    assert.match(first.stderr, /gateways\.json" is damaged \(gateways\[0\]\.name is no name\)/)
    assert.ok(!first.stderr.includes('\u001b'))
    const [aside = ''] = (await readdir(join(rig.file, '..'))).filter((name) =>
      name.includes('damaged'),
    )
    assert.equal(await readFile(join(rig.file, '..', aside), 'utf8'), text)
    assert.equal((await rig.tunnel(...args)).stderr, '')
  })
})

test('a gateway that lists what moves a cursor changes no line of ours', async () => {
  const evil = 'x\u001b[2J\u009b1;1H\u202e'
  await using rig = await openRig({
    routes: [
      { id: '1', name: evil, type: 'tcp', from: `tcp+https://a:1/${evil}`, description: evil },
    ],
  })
  good(await rig.login(rig.gateway.origin, '--ca-file', rig.caFile))
  for (const name of [evil, 'x']) {
    const { code, stderr, stdout } = await rig.tunnel(name)
    assert.ok(code !== 0 && stdout === '')
    // oxlint-disable-next-line no-control-regex
    assert.doesNotMatch(stderr, /[\u001b\u009b\u202e]/)
  }
})

test('an application is asked at the remembered gateway that has it, by its host or by the name of its route', async () => {
  const application = { id: '1', name: 'wiki', type: 'tcp', from: 'tcp+https://wiki.corp:443' }
  await using rig = await openRig({ routes: [application] })
  good(await rig.login(rig.gateway.origin, '--ca-file', rig.caFile))
  await rm(rig.caFile)
  for (const hostname of ['wiki.corp', 'wiki']) {
    const args = ['access', 'tcp', '--hostname', hostname]
    const program = startPostern(args, { env: rig.env })
    program.child.stdin?.end('hello')
    assert.equal(good(await program.ended), 'hello')
  }
  assert.deepEqual(
    rig.gateway.connects.map(({ authority }) => authority),
    ['wiki.corp:443', 'wiki.corp:443'],
  )
  const token = await rig.run('access', 'token', 'https://wiki.corp/page')
  assert.deepEqual([...rig.gateway.tokens], [good(token)])
  // Nobody has said that another one is at that gateway: it is asked at its own host.
  const other = await rig.run('access', 'token', 'other.corp')
  assert.match(other.stderr, /nobody is signed in to "https:\/\/other\.corp" here/)
})

test('an authority that is given for another address vouches for no remembered gateway', async () => {
  const hostile = await createCertificateAuthority()
  // It stands where the gateway was, and at an address of its own, where it says that it is the gateway.
  await using rig = await openRig({ pair: await hostile.issue(['localhost', '127.0.0.1']) })
  const other = `https://127.0.0.1:${rig.gateway.port}`
  const scope = { origin: rig.gateway.origin, isVerified: true }
  const tokens = openTokenCache(join(rig.path, 'cache', 'postern', 'tokens'), scope, silentLogger)
  await tokens.write('aa.secret.bb')
  rig.gateway.tokens.add('aa.secret.bb')
  await writeFile(rig.caFile, hostile.cert)
  await mkdir(join(rig.file, '..'), { recursive: true })
  for (const knownNames of [[], [other]]) {
    const work = { name: 'work', url: rig.gateway.origin, ca: rig.gateway.ca }
    const gateways = [{ ...work, known_names: knownNames }]
    await writeFile(rig.file, JSON.stringify({ version: 1, default: 'work', gateways }))
    for (const args of [
      ['--gateway', other, 'a:1'],
      [`${other}/a:1`],
      // By the host of an address of it.
      ...(knownNames.length > 0 ? [['127.0.0.1:1']] : []),
    ]) {
      const { code, stderr } = await rig.tunnel('--ca-file', rig.caFile, ...args)
      assert.equal(code, 7, stderr)
      assert.match(stderr, /"localhost:\d+" showed a certificate from an authority/)
    }
  }
  assert.deepEqual(rig.gateway.connects, [])
})

test('another name of the gateway needs no second sign-in, nor its authority again', async () => {
  await using rig = await openRig()
  good(await rig.login(rig.gateway.origin, '--ca-file', rig.caFile))
  const other = `https://127.0.0.1:${rig.gateway.port}`
  assert.equal(good(await rig.tunnel('--gateway', other, '--ca-file', rig.caFile, 'a:1')), 'hello')
  assert.equal(good(await rig.tunnel('--gateway', other, 'a:1')), 'hello')
  assert.match((await rig.run('login', other)).stderr, /already signed in to "https:\/\/localhost/)
  const { gateways } = JSON.parse(good(await rig.run('gateways', '--json')))
  assert.deepEqual([gateways.length, gateways[0].known_names], [1, [other]])
  assert.equal(rig.gateway.tokens.size, 1)
})
