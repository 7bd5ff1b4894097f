import assert from 'node:assert/strict'
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe } from 'node:test'
import { parse } from 'yaml'
import { mustRun, runChild } from './child.ts'
import { readGuide, readerAt, runLine, type Guide } from './guide.ts'
import { peerTest, program } from './peers.ts'
import { alice, startRig, type GatewayRig, type RouteEntry } from './rig.ts'
import type { Person } from './person.ts'
import type { Scope } from './scope.ts'
import { echo, startService } from './services.ts'

const page = join(import.meta.dirname, '..', '..', 'docs', 'client-certificates.md')
const target = 'db.example.com:5432'
const reloaded = (line: Record<string, unknown>): boolean =>
  line['message'] === 'configuration reloaded'

describe('docs/client-certificates.md', () => {
  peerTest(
    'says what works, with certificates and lists of OpenSSL',
    ['OpenSSL', 'curl'],
    async (scope) => {
      const it = await startReader(scope)
      await checkDefault(it)
      await checkNames(it)
      await checkPolicy(it)
      await checkOtherClients(it)
      await checkRejected(it)
      await checkRevoked(it)
      it.guide.block('json')
      it.guide.finish()
    },
  )
})

interface Reader {
  readonly scope: Scope
  readonly guide: Guide
  readonly rig: GatewayRig
  readonly person: Person
  /** Where the authority's files are. */
  readonly folder: string
  /** The options that the guide gives `postern tcp`. */
  readonly options: readonly string[]
  readonly servicePort: number
  /** Runs the one command of the guide that matches, beside the authority. */
  run(pattern: RegExp): Promise<string>
  configure(settings: Record<string, unknown>): Promise<void>
}

async function startReader(scope: Scope): Promise<Reader> {
  const folder = join(scope.directory, 'authority')
  await mkdir(folder)
  const service = await startService(scope, echo)
  const guide = readGuide(await readFile(page, 'utf8'), {
    standIns: {
      'ca_file: clients.pem': `ca_file: ${folder}/clients.pem`,
      'crl_file: clients.crl': `crl_file: ${folder}/clients.crl`,
      '10.0.0.7:5432': `127.0.0.1:${service}`,
    },
  })
  const env = { PATH: process.env['PATH'] ?? '/usr/bin:/bin', HOME: folder }
  const run = async (pattern: RegExp): Promise<string> =>
    (await runLine(scope, { home: folder, env }, guide.command(pattern))).output
  await writeFile(join(folder, 'laptop.ext'), guide.block('ini', /extendedKeyUsage/))
  await run(/^openssl req -x509/)
  await run(/^openssl req -newkey/)
  await run(/^openssl x509 -req/)
  const settings = parse(
    guide.block('yaml', /^downstream_mtls:\n {2}ca_file: clients.pem\n$/),
  ) as object
  const route = { from: `tcp+https://${target}`, to: `tcp://127.0.0.1:${service}`, name: 'db' }
  const policy = [{ allow: { or: [{ email: { is: alice } }] } }]
  const rig = await startRig(scope, [{ ...route, policy }], { ...settings })
  const person = await readerAt(scope, rig, alice)
  for (const name of ['laptop.pem', 'laptop.key']) {
    await copyFile(join(folder, name), join(person.home, name))
  }
  const words = guide.command(/^postern tcp/).split(' ')
  assert.equal(words.at(-1), target)
  let reloads = 0
  return {
    scope,
    guide,
    rig,
    person,
    folder,
    options: words.slice(2, -1),
    servicePort: service,
    run,
    async configure(changes) {
      await rig.configure((file) => ({ ...file, ...changes }))
      reloads += 1
      await rig.lines.first((line) => reloaded(line) && rig.lines.all(reloaded).length >= reloads)
    },
  }
}

async function checkDefault({ rig, person, options }: Reader): Promise<void> {
  const bare = await person.pipe(target, 'hello')
  assert.equal(bare.ending, 4, bare.errors)
  assert.match(bare.errors, /^postern: error: a valid client certificate is required$/m)
  assert.match(bare.errors, /^ {2}hint: .*--client-cert FILE/m)
  assert.equal(rig.idp.signInCount, 0)
  const shown = await person.pipe(target, 'hello', ...options)
  assert.deepEqual([shown.ending, shown.output], [0, 'hello'], shown.errors)
}

/** Over a WebSocket as well: it is the same connection, and the same certificate. */
async function checkNames(reader: Reader): Promise<void> {
  const { guide, person, options } = reader
  await reader.configure(parse(guide.block('yaml', /max_verify_depth/)) as Record<string, unknown>)
  for (const transport of ['connect', 'websocket']) {
    const how = ['--transport', transport]
    const shown = await person.pipe(target, 'hello', ...how, ...options)
    assert.deepEqual([shown.ending, shown.output], [0, 'hello'], shown.errors)
    const bare = await person.pipe(target, 'hello', ...how)
    assert.equal(bare.ending, 4, bare.errors)
    assert.match(bare.errors, /a valid client certificate is required/)
  }
}

async function checkPolicy(reader: Reader): Promise<void> {
  const { guide, rig, person, options } = reader
  const file = parse(guide.block('yaml', /enforcement: policy/)) as {
    routes: RouteEntry[]
    downstream_mtls: object
  }
  const routes = file.routes.map((route) => ({ ...route, name: 'db' }))
  await reader.configure({ ...file, routes })
  assert.equal((await person.pipe(target, 'hello', ...options)).output, 'hello')
  assert.equal((await person.pipe(target, 'hello')).ending, 4)
  const fingerprint = /=(.+)/.exec(await reader.run(/-fingerprint/))?.[1] ?? ''
  for (const [named, ending] of [
    [fingerprint, 0],
    ['AA:'.repeat(31) + 'AA', 4],
  ] as const) {
    const policy = [{ allow: { or: [{ client_certificate: { fingerprint: named } }] } }]
    await reader.configure({ routes: routes.map((route) => ({ ...route, policy })) })
    assert.equal((await person.pipe(target, '', ...options)).ending, ending)
  }
  assert.equal(rig.idp.signInCount, 1)
}

/** Programs that know nothing of Postern are told the same. */
async function checkOtherClients(reader: Reader): Promise<void> {
  const { scope, rig, folder, servicePort } = reader
  await reader.configure({
    downstream_mtls: { ca_file: join(folder, 'clients.pem') },
    routes: [
      {
        from: `tcp+https://${target}`,
        to: `tcp://127.0.0.1:${servicePort}`,
        name: 'db',
        allow_public_unauthenticated_access: true,
      },
    ],
  })
  const pair = ['laptop.pem', 'laptop.key'].map((name) => join(folder, name))
  const [cert = '', key = ''] = pair
  const trust = ['--proxy-cacert', rig.caFile, '--proxy', rig.origin, '--max-time', '20']
  const ask = async (...more: string[]): Promise<string> => {
    const args = ['-s', '-o', '/dev/null', '-w', '%{http_connect}', ...trust, ...more]
    return (await runChild(scope, program('curl'), [...args, '-p', `http://${target}/`])).output
  }
  assert.equal(await ask(), '495')
  // An echo is no HTTP server: only what CONNECT got matters.
  const stall = ['--speed-time', '1', '--speed-limit', '1000']
  assert.equal(await ask('--http0.9', ...stall, '--proxy-cert', cert, '--proxy-key', key), '200')
  const connect = ['s_client', '-quiet', '-CAfile', rig.caFile, '-connect', `localhost:${rig.port}`]
  const head = `CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`
  const { output } = await mustRun(scope, program('openssl'), connect, { input: head })
  assert.match(output, /^HTTP\/1\.1 495 /)
}

async function checkRejected(reader: Reader): Promise<void> {
  const { rig, person, options, folder } = reader
  const ca_file = join(folder, 'clients.pem')
  await reader.configure({ downstream_mtls: { ca_file, enforcement: 'reject_connection' } })
  assert.equal((await person.pipe(target, 'hello', ...options)).output, 'hello')
  const bare = await person.pipe(target, 'hello')
  assert.equal(bare.ending, 7, bare.errors)
  assert.match(bare.errors, /^ {2}hint: .*"--client-cert"/m)
  const line = await rig.lines.first(({ message }) => message === 'listener connection failure')
  assert.equal(line['downstream-transport-failure-reason'], 'the client showed no certificate')
}

async function checkRevoked(reader: Reader): Promise<void> {
  const { guide, rig, person, options, folder } = reader
  await writeFile(join(folder, 'clients.cnf'), guide.block('ini', /default_ca/))
  await reader.run(/^touch/)
  await reader.run(/-gencrl/)
  await reader.configure(parse(guide.block('yaml', /crl_file/)) as Record<string, unknown>)
  const open = person.openPipe(target, ...options)
  open.stdin.write('before')
  await open.says(/before/)
  await reader.run(/-revoke/)
  // The gateway notices the new list by itself.
  await reader.run(/-gencrl/)
  assert.equal(await open.ended, 10)
  const line = await rig.lines.first(({ ended }) => ended === 'policy-changed')
  assert.deepEqual(line['reasons'], ['invalid-client-certificate'])
  const again = await person.pipe(target, 'hello', ...options)
  assert.equal(again.ending, 4, again.errors)
  await rig.lines.first(({ error }) => /"CN=Example clients" has revoked it/.test(String(error)))
}
