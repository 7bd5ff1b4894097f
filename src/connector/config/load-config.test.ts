import assert from 'node:assert/strict'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { formatProblem } from '../../errors.ts'
import {
  encodeCredentialsFile,
  encodeTunnelToken,
  type TunnelCredential,
} from '../../tunnel/tunnel-credential.ts'
import {
  loadConnectorConfig,
  loadIngress,
  type GivenSettings,
  type LoadConfigOptions,
} from './load-config.ts'

const credentialOf = (digit: string): TunnelCredential => ({
  accountTag: 'x',
  tunnelId: `${digit.repeat(8)}-2222-3333-4444-555555555555`,
  secret: Buffer.alloc(32, 7),
  gateway: 'https://gw.example.com',
  grantKeys: [{ kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43) }],
})

const [first, second, third] = [credentialOf('1'), credentialOf('2'), credentialOf('3')]

const flags = (values: GivenSettings['values']): GivenSettings => ({
  values,
  nameOf: (key) => `--${key}`,
})

/** A folder with these files, by name; loads `config.yml` of it where there is one. */
async function folder(t: TestContext, files: Readonly<Record<string, string>>) {
  const path = await mkdtemp(join(tmpdir(), 'postern-config-'))
  t.after(() => rm(path, { recursive: true }))
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(path, name), text, { mode: 0o600 })
  }
  return {
    path,
    load: (given: readonly GivenSettings[] = [], more: Partial<LoadConfigOptions> = {}) =>
      loadConnectorConfig({
        path: 'config.yml' in files ? join(path, 'config.yml') : undefined,
        given,
        directories: [path],
        ...more,
      }),
  }
}

test('the command line wins over the environment, and that over the file', async (t) => {
  const { load } = await folder(t, {
    'config.yml': `
token: ${encodeTunnelToken(third)}
grace-period: 1m
loglevel: warn
metrics: 127.0.0.1:1
ingress: [{service: "ssh://localhost"}]
`,
  })
  const environment = flags({ token: encodeTunnelToken(second), 'grace-period': '2m' })
  const { config } = await load([flags({ token: encodeTunnelToken(first) }), environment])
  assert.equal(config.credential.tunnelId, first.tunnelId)
  assert.equal(config.gracePeriodMs, 120_000)
  assert.equal(config.logLevel, 'warn')
  assert.deepEqual(config.metrics, { host: '127.0.0.1', port: 1 })
  assert.equal((await load([environment])).config.credential.tunnelId, second.tunnelId)
  assert.equal((await load()).config.credential.tunnelId, third.tunnelId)
})

test('a file beside the command line decides whose form of a credential is used', async (t) => {
  const { load, path } = await folder(t, {
    'token.txt': `${encodeTunnelToken(first)}\n`,
    'cred.json': encodeCredentialsFile(second),
    [`${third.tunnelId}.json`]: encodeCredentialsFile(third),
  })
  const url = 'tcp://localhost:1'
  const idOf = async (...given: readonly GivenSettings['values'][]) =>
    (await load(given.map((values) => flags({ url, ...values })))).config.credential.tunnelId
  assert.equal(await idOf({ 'token-file': join(path, 'token.txt') }), first.tunnelId)
  const credentials = { 'credentials-file': join(path, 'cred.json') }
  assert.equal(await idOf(credentials, { token: encodeTunnelToken(first) }), second.tunnelId)
  assert.equal(await idOf({ tunnel: third.tunnelId.toUpperCase() }), third.tunnelId)
})

test('a tunnel without a file here is asked for by its name', async (t) => {
  const { load } = await folder(t, {})
  const given = [flags({ tunnel: 'db', url: 'tcp://localhost:1' })]
  await assert.rejects(load(given), { code: 'no-credential' })
  const asked: string[] = []
  const askForCredential = async (name: string) => (asked.push(name), first)
  assert.equal((await load(given, { askForCredential })).config.credential, first)
  assert.deepEqual(asked, ['db'])
})

test('without a tunnel, or without a service, it does not start', async (t) => {
  const { load } = await folder(t, {})
  await assert.rejects(load([flags({ url: 'tcp://localhost:1' })]), { code: 'no-credential' })
  await assert.rejects(load([flags({ token: encodeTunnelToken(first) })]), { code: 'no-service' })
})

test('what is missing is told beside the unknown keys of the file, one of which it may be', async (t) => {
  const token = encodeTunnelToken(first)
  const service = await folder(t, {
    'config.yml': `token: ${token}\ningres: [{service: "tcp://localhost:1"}]\n`,
  })
  const told = /:2:1: ingres: unknown key\n.*did you mean "ingress"[^]*no service is named/
  await assert.rejects(service.load(), told)
  await assert.rejects(loadIngress(join(service.path, 'config.yml')), told)
  const credential = await folder(t, { 'config.yml': `tokn: ${token}\nurl: tcp://localhost:1\n` })
  await assert.rejects(credential.load(), /:1:1: tokn: unknown key\n.*did you mean "token"/)
})

test('one service is for every name, and its host name is asked for', async (t) => {
  const { load } = await folder(t, {})
  const given = {
    token: encodeTunnelToken(first),
    url: 'tcp://localhost:7870',
    hostname: 'Tcp.Site.com',
  }
  const { config } = await load([flags(given)])
  assert.deepEqual(config.hostnames, ['tcp.site.com'])
  assert.deepEqual(
    config.rules.map(({ hostname, text }) => [hostname, text]),
    [[undefined, 'tcp://localhost:7870']],
  )
})

test('rules that are not served are told, and none of them left is no start', async (t) => {
  const token = `token: ${encodeTunnelToken(first)}\n`
  const some = await folder(t, {
    'config.yml': `${token}tunel: x
ingress:
  - {hostname: a.site.com, service: "http://localhost"}
  - {service: "ssh://localhost"}
`,
  })
  const { problems } = await some.load()
  assert.equal(problems.length, 2)
  assert.match(
    problems.map(formatProblem).join('\n'),
    /:2:1: tunel: unknown key.*did you mean "tunnel"[^]*:4:37: ingress/s,
  )
  const none = await folder(t, {
    'config.yml': `${token}ingress: [{hostname: a.site.com, service: "http://localhost"}, {service: "http_status:404"}]`,
  })
  await assert.rejects(none.load(), /not served: a connector carries bytes/)
  const only = await folder(t, { 'config.yml': `${token}ingress: [{service: "http_status:404"}]` })
  await assert.rejects(only.load(), { code: 'no-service' })
})

test('keys of Cloudflare that mean nothing here are warnings', async (t) => {
  const { load } = await folder(t, {
    'config.yml': `
token: ${encodeTunnelToken(first)}
protocol: http2
no-autoupdate: true
warp-routing: {enabled: true}
url: ssh://localhost
`,
  })
  const { warnings, problems } = await load()
  assert.equal(warnings.length, 3)
  assert.deepEqual(problems, [])
})

test('a setting that is none names where it was given, and shows no token', async (t) => {
  const { load } = await folder(t, {})
  await assert.rejects(
    load([flags({ 'grace-period': '30' })]),
    /--grace-period: must be a duration/,
  )
  await assert.rejects(load([flags({ url: 'http://localhost' })]), /--url: .*not served/)
  const file = await folder(t, { 'config.yml': 'token: [secret]\nurl: ssh://localhost\n' })
  await assert.rejects(file.load(), (error: Error) => {
    return /config\.yml:1:8: token: /.test(error.message) && !error.message.includes('secret')
  })
})

test('a secret in a file that others can read is warned about', async (t) => {
  const { load, path } = await folder(t, {
    'config.yml': `token: ${encodeTunnelToken(first)}\nurl: ssh://localhost\n`,
  })
  await chmod(join(path, 'config.yml'), 0o644)
  const { warnings } = await load()
  assert.match(warnings.map(formatProblem).join(), /token: is in a file that others can read/)
})

test('everything that was read is known, so that a change to any of it is noticed', async (t) => {
  const { load, path } = await folder(t, {
    'config.yml': 'token-file: token.txt\nurl: ssh://localhost\n',
    'token.txt': encodeTunnelToken(first),
  })
  const { files } = await load()
  assert.deepEqual([...files.keys()], [join(path, 'config.yml'), join(path, 'token.txt')])
})
