import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { createCertificateAuthority } from '../../src/net/certificate.ts'
import { inTime, type Child } from './child.ts'
import { deadIPv4, deadIPv6, layLine, type Machine } from './peers/namespaces.ts'
import { peerTest } from './peers.ts'
import { posternCommand } from './rig.ts'
import type { Scope } from './scope.ts'

const needed = ['network namespaces'] as const
const gatewayPort = 8443
const servicePort = 7777

/** A name with a slow address and a dead one, in both families and in one. */
const slowAndDead = {
  'a dead IPv6 address': `10.9.0.2 slow.test\n${deadIPv6} slow.test`,
  'a dead address of its own family': `${deadIPv4} slow.test\n10.9.0.2 slow.test`,
}
/** There and back: 600 ms. */
const delayMs = 300

for (const [what, hosts] of Object.entries(slowAndDead)) {
  peerTest(`a gateway 600 ms away is reached beside ${what}`, needed, async (scope) => {
    const { near, far } = await layLine(scope, { delayMs, hosts })
    await startEcho(far)
    const { caFile } = await startGateway(scope, far, `127.0.0.1:${servicePort}`)
    const client = startClient(near, caFile, 'slow.test')
    client.stdin.end('over the line')
    assert.equal(await client.ended, 0, client.errors())
    assert.equal(client.output(), 'over the line')
  })
}

peerTest('a service 600 ms away is reached beside a dead address', needed, async (scope) => {
  const hosts = slowAndDead['a dead IPv6 address']
  const { near, far } = await layLine(scope, { delayMs, hosts })
  await startEcho(far)
  const { caFile } = await startGateway(scope, near, `slow.test:${servicePort}`)
  const client = startClient(near, caFile, 'localhost')
  client.stdin.end('over the line')
  assert.equal(await client.ended, 0, client.errors())
  assert.equal(client.output(), 'over the line')
})

peerTest('an identity provider 600 ms away is reached beside a dead one', needed, async (scope) => {
  const hosts = slowAndDead['a dead IPv6 address']
  const { near, far } = await layLine(scope, { delayMs, hosts })
  // Any server will do whose certificate is good.
  const { caFile } = await startGateway(scope, far, '127.0.0.1:1')
  const fetchFile = join(import.meta.dirname, '..', '..', 'src', 'identity', 'provider-fetch.ts')
  const script = `import { createProviderFetch } from ${JSON.stringify(fetchFile)}
    const fetch = createProviderFetch(new AbortController().signal)
    const url = 'https://slow.test:${gatewayPort}/healthz'
    console.log((await fetch(url, { method: 'GET', headers: {}, redirect: 'manual' })).status)`
  const args = ['--input-type=module', '-e', script]
  const asking = near.start(process.execPath, args, { env: { NODE_EXTRA_CA_CERTS: caFile } })
  assert.equal(await asking.ended, 0, asking.errors())
  assert.equal(asking.output(), '200\n')
})

peerTest(
  'after a change of network a new tunnel opens while another is still on the dead connection',
  needed,
  async (scope) => {
    const { near, far } = await layLine(scope, { delayMs: 5, hosts: '10.9.0.2 slow.test' })
    await startEcho(far)
    const { caFile } = await startGateway(scope, far, `127.0.0.1:${servicePort}`)
    const listen = join(scope.directory, 'local.sock')
    const client = startClient(near, caFile, 'slow.test', `unix:${listen}`)
    await client.says(/listening/)
    await using first = await connectTo(listen)
    assert.equal(await first.exchange('before'), 'before')
    await near.shell(`
      ip address del ${near.address}/24 dev line
      ip address add 10.9.0.3/24 dev line
    `)
    const changedMs = performance.now()
    await using second = await connectTo(listen)
    assert.equal(await second.exchange('after'), 'after')
    // Five seconds of silence, and a connection: a minute without it.
    assert.ok(performance.now() - changedMs < 30_000)
  },
)

for (const args of [
  ['tcp', '--listen', '-', 'away.test:7'],
  ['routes', 'list', 'https://away.test'],
]) {
  const what = args.slice(0, 2).join(' ')
  peerTest(`one SIGINT ends "postern ${what}" while no resolver answers`, needed, async (scope) => {
    const { near, far } = await layLine(scope, { delayMs: 5 })
    const resolver = await startMuteResolver(near, far)
    const client = near.start(...posternCommand(...args), { env: { HOME: '/nonexistent' } })
    await resolver.says(/asked/)
    client.signal('SIGINT')
    const ending = await inTime(client.ended, () => 'it waits for the resolver', maxEndMs)
    assert.deepEqual([ending, client.errors()], [130, ''])
  })
}

peerTest('one SIGTERM ends a gateway while no resolver answers', needed, async (scope) => {
  const { near, far } = await layLine(scope, { delayMs: 5 })
  const resolver = await startMuteResolver(near, far)
  const { caFile, child } = await startGateway(scope, near, `away.test:${servicePort}`)
  startClient(near, caFile, 'localhost')
  await resolver.says(/asked/)
  child.signal('SIGTERM')
  const ending = await inTime(child.ended, () => 'it waits for the resolver', maxEndMs)
  assert.equal(ending, 0, child.errors())
})

/** Far below what the resolver is waited for. */
const maxEndMs = 10_000

/** The near machine's resolver, which takes questions and never answers. */
async function startMuteResolver(near: Machine, far: Machine): Promise<Child> {
  const script = `require('node:dgram').createSocket('udp4').on('message', () => console.log('asked'))
    .bind(53, () => console.log('ready'))`
  const resolver = far.start(process.execPath, ['-e', script])
  await resolver.says(/ready/)
  await near.shell(`
    printf 'nameserver %s\\noptions timeout:30 attempts:1\\n' ${far.address} >/mnt/resolv.conf
    mount --bind /mnt/resolv.conf /etc/resolv.conf
  `)
  return resolver
}

/** A service that sends back what it gets. */
async function startEcho(machine: Machine): Promise<void> {
  const script = `require('node:net').createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket))
    .listen(${servicePort}, () => console.log('ready'))`
  await machine.start(process.execPath, ['-e', script]).says(/ready/)
}

/** A gateway with one route, \`echo.test:7\`, which needs no sign-in. */
async function startGateway(
  scope: Scope,
  machine: Machine,
  to: string,
): Promise<{ readonly caFile: string; readonly child: Child }> {
  const home = join(scope.directory, 'gateway')
  await mkdir(home)
  scope.secrets.home(home)
  const authority = await createCertificateAuthority()
  const pair = await authority.issue(['slow.test', 'localhost'])
  const files = {
    'ca.pem': authority.cert,
    'cert.pem': pair.cert,
    'key.pem': pair.key,
    'postern.yaml': stringify({
      address: `:${gatewayPort}`,
      certificate_file: 'cert.pem',
      certificate_key_file: 'key.pem',
      routes: [
        {
          from: 'tcp+https://echo.test:7',
          to: `tcp://${to}`,
          allow_public_unauthenticated_access: true,
        },
      ],
    }),
  }
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(home, name), text, { mode: 0o600 })
  }
  const command = posternCommand(
    'gateway',
    '-c',
    join(home, 'postern.yaml'),
    '--grace-period',
    '100ms',
  )
  const env = { HOME: home, TMPDIR: home }
  const child = machine.start(...command, { env, cwd: home })
  await child.says(/"message":"listening"/)
  return { caFile: join(home, 'ca.pem'), child }
}

/** \`postern tcp\` on standard input and output. */
function startClient(machine: Machine, caFile: string, gatewayHost: string, listen = '-'): Child {
  const gateway = `https://${gatewayHost}:${gatewayPort}`
  const args = ['--listen', listen, '--gateway', gateway, '--ca-file', caFile, 'echo.test:7']
  return machine.start(...posternCommand('tcp', ...args), { env: { HOME: '/nonexistent' } })
}

/** A local program that waits for each of its words to come back. */
async function connectTo(path: string) {
  const socket = connect(path)
  await once(socket, 'connect')
  return {
    async exchange(word: string): Promise<string> {
      socket.write(word)
      const [bytes] = (await once(socket, 'data')) as [Buffer]
      return bytes.toString()
    },
    async [Symbol.asyncDispose]() {
      socket.destroy()
      await once(socket, 'close')
    },
  }
}
