import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { describe } from 'node:test'
import { parse } from 'yaml'
import { freePort } from '../../src/net/free-port.fixture.ts'
import { openLine, readerAt, readGuide, failLine, runLine, type Guide } from './guide.ts'
import { startSshd } from './peers/openssh.ts'
import { peerTest } from './peers.ts'
import { exchange, type Person } from './person.ts'
import { alice, startRig, type GatewayRig } from './rig.ts'
import type { Scope } from './scope.ts'
import { echo, startService } from './services.ts'

const page = join(import.meta.dirname, '..', '..', 'docs', 'access.md')
const user = userInfo().username

/** The part of the page that is for clients; that for gateways is read by tests of its own. */
async function clientsPart(): Promise<string> {
  const text = await readFile(page, 'utf8')
  return text.slice(text.indexOf('## From a client'))
}

describe('docs/access.md, from a client', () => {
  peerTest('says what works, on a real gateway', ['OpenSSH', 'curl'], async (scope) => {
    const it = await startReader(scope)
    await checkOne(it)
    await checkSeveral(it)
    await checkTokens(it)
    await checkSsh(it)
    await checkCertificates(it)
    it.guide.finish()
  })
})

interface Reader {
  readonly scope: Scope
  readonly rig: GatewayRig
  readonly guide: Guide
  readonly person: Person
  readonly operator: Pick<Person, 'home' | 'env'>
  readonly ports: Readonly<Record<'tcp' | 'db' | 'cache', number>>
  readonly caFile: string
}

const sshHost = 'ssh.site.com'

async function startReader(scope: Scope): Promise<Reader> {
  const caFile = join(scope.directory, 'postern-ca.pub')
  await writeFile(caFile, '')
  const sshd = await startSshd(scope, sshHost, `TrustedUserCAKeys ${caFile}\n`)
  const service = await startService(scope, echo)
  const rig = await startRig(scope, [], { access: applications(service, sshd.port) })
  const ports = { tcp: await freePort(), db: await freePort(), cache: await freePort() }
  const person = await readerAt(scope, rig, alice)
  // `ssh` finds its home by the system's list of users, whatever HOME says.
  const config = join(person.home, 'ssh_config')
  const ours = ['-F', config, '-o', `UserKnownHostsFile=${sshd.knownHosts}`, '-o', 'BatchMode=yes']
  const guide = readGuide(await clientsPart(), {
    standIns: {
      'localhost:9210': `localhost:${ports.tcp}`,
      'localhost:5432': `localhost:${ports.db}`,
      'localhost:6379': `localhost:${ports.cache}`,
      '~/.ssh/config': `'${config}'`,
      '--user ada': `--user ${user}`,
      'ssh ssh.site.com': `ssh ${ours.map((word) => `'${word}'`).join(' ')} ${sshHost} 'echo in'`,
      'email_domains: [site.com]': `principals: [${user}]`,
      'postern.yaml > postern-ca.pub': `'${rig.configPath}' > '${caFile}'`,
      '/etc/ssh/postern-ca.pub': caFile,
    },
  })
  // The keys that the person has, for the lines without certificates.
  await writeFile(config, `IdentityFile ${sshd.userKey}\nUser ${user}\n`)
  return { scope, rig, guide, person, operator: operatorOf(scope, rig, person), ports, caFile }
}

function applications(service: number, sshd: number): readonly object[] {
  const entry = (hostname: string, port: number, include: object, action = 'allow') => ({
    hostname,
    service: `tcp://127.0.0.1:${port}`,
    policies: [{ name: 'test', action, include: [include] }],
  })
  const onlyAlice = { email: alice }
  return [
    entry('tcp.site.com', service, onlyAlice),
    entry('db.site.com', service, onlyAlice),
    entry('cache.site.com', service, { service_token: 'ci' }, 'service_auth'),
    entry(sshHost, sshd, onlyAlice),
  ]
}

/** The gateway's own user. */
function operatorOf(scope: Scope, rig: GatewayRig, person: Person): Reader['operator'] {
  const state = { HOME: rig.home, XDG_STATE_HOME: join(rig.home, '.state') }
  const tools = join(scope.directory, 'tools-alice')
  return { home: person.home, env: { ...person.env, ...state, PATH: `${tools}:/usr/bin:/bin` } }
}

async function echoes(scope: Scope, port: number, text: string): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  scope.defer(() => void socket.destroy())
  socket.on('error', () => undefined)
  assert.equal(await exchange(socket, text), text)
}

async function checkOne({ scope, guide, person, ports, rig }: Reader): Promise<void> {
  const line = guide.command(/^postern access tcp --hostname tcp\.site\.com --url/)
  await openLine(scope, person, line).says(/listening on 127\.0\.0\.1:\d+/)
  await echoes(scope, ports.tcp, 'through the page')
  assert.equal(rig.idp.signInCount, 1)
}

async function checkSeveral(it: Reader): Promise<void> {
  const { scope, guide, person, operator, ports, rig } = it
  const pairs = openLine(scope, person, guide.command(/^postern access tcp -T/))
  await pairs.says(/listening on .* for db\.site\.com/)
  await echoes(scope, ports.db, 'one of two')
  pairs.signal('SIGTERM')
  await pairs.ended

  for (const what of ['create', 'rotate']) {
    const line = `postern service-account ${what} ci --output ci.token --expires never`
    const { errors } = await runLine(scope, operator, `${line} -c '${rig.configPath}'`)
    assert.match(errors, /it does not expire/)
  }
  await writeFile(join(person.home, 'forwarders.yaml'), guide.block('yaml', /^forwarders:/m))
  const file = openLine(scope, person, guide.command(/^postern access tcp --config/))
  await file.says(/listening on .* for cache\.site\.com/)
  await echoes(scope, ports.db, 'a person')
  await echoes(scope, ports.cache, 'a service account')
  const robot = 'postern access tcp --hostname cache.site.com --service-token-id ci'
  const refusal = /does not accept this service account/
  await failLine(scope, person, `${robot} --service-token-secret wrong`, refusal)
  assert.equal(rig.idp.signInCount, 1)
}

async function checkTokens({ scope, guide, person, rig }: Reader): Promise<void> {
  const run = (pattern: RegExp) => runLine(scope, person, guide.command(pattern))
  const { output } = await run(/^postern access login/)
  const [, token = ''] = /^Successfully fetched your token:\n\n(\S+)\n\n$/.exec(output) ?? []
  assert.notEqual(token, '')
  assert.equal((await run(/^postern access token/)).output, token)
  const answer = JSON.parse((await run(/^postern access curl/)).output) as { email: string }
  assert.equal(answer.email, alice)
  assert.equal(rig.idp.signInCount, 1)
}

async function checkSsh({ scope, guide, person }: Reader): Promise<void> {
  await runLine(scope, person, guide.command(/^postern access ssh-config --hostname \S+ >>/))
  const config = await readFile(join(person.home, 'ssh_config'), 'utf8')
  assert.match(config, /^Host ssh\.site\.com\n {4}ProxyCommand \/.* access ssh /m)
}

async function checkCertificates({
  scope,
  guide,
  person,
  operator,
  rig,
  caFile,
}: Reader): Promise<void> {
  const settings = parse(guide.block('yaml', /^ssh_ca:/)) as object
  await rig.configure((file) => ({ ...file, ...settings }))
  await rig.lines.first((line) => line['message'] === 'configuration reloaded')
  await runLine(scope, operator, guide.command(/^postern gateway ssh-ca/))
  assert.match(await readFile(caFile, 'utf8'), /^ssh-ed25519 \S+ postern-/)
  assert.equal(guide.block('', /TrustedUserCAKeys/), `TrustedUserCAKeys ${caFile}\n`)
  // Without the keys that the person has.
  await writeFile(join(person.home, 'ssh_config'), '')
  await runLine(scope, person, guide.command(/--short-lived-cert/))
  const { output } = await runLine(scope, person, guide.command(/^ssh /))
  assert.equal(output, 'in\n')
  const issued = await rig.lines.first((line) => line['message'] === 'ssh certificate issued')
  assert.equal(issued['email'], alice)
}
