import assert from 'node:assert/strict'
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { ConfigError } from '../errors.ts'
import { createCertificateAuthority } from '../net/certificate.ts'
import { runProgramSync } from '../program.fixture.ts'
import { loadConfig } from './load.ts'
import type { LoadedConfig } from './load.ts'

let folder: string
let path: string

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-config-'))
  path = join(folder, 'postern.yaml')
  const { cert, key } = await (await createCertificateAuthority()).issue(['localhost'])
  await writeFile(join(folder, 'tls.crt'), cert)
  await writeFile(join(folder, 'tls.key'), key, { mode: 0o600 })
})

after(() => rm(folder, { recursive: true, force: true }))

const base = 'certificate_file: tls.crt\ncertificate_key_file: tls.key\n'

async function load(text: string, env: Record<string, string> = {}): Promise<LoadedConfig> {
  await writeFile(path, text, { mode: 0o600 })
  return loadConfig({ path, env })
}

async function messageOf(loading: Promise<unknown>): Promise<string> {
  const error: unknown = await loading.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof ConfigError)
  return error.message
}

describe('loading a configuration', () => {
  test('reads files beside it and changes nothing', async () => {
    const { files, config } = await load(`${base}state_directory: state\n`)
    assert.deepEqual(
      [...files.keys()],
      ['postern.yaml', 'tls.crt', 'tls.key'].map((name) => join(folder, name)),
    )
    assert.equal(config.stateDirectory, join(folder, 'state'))
    assert.deepEqual((await readdir(folder)).sort(), ['postern.yaml', 'tls.crt', 'tls.key'])
  })

  test('finds the state folder of systemd, of XDG or of the home, only when absolute', async () => {
    const state = async (env: Record<string, string>): Promise<string> =>
      (await load(base, env)).config.stateDirectory
    assert.equal(await state({ STATE_DIRECTORY: '/var/lib/a:/var/lib/b' }), '/var/lib/a')
    assert.equal(await state({ XDG_STATE_HOME: '/x', HOME: '/h' }), '/x/postern/gateway')
    assert.equal(
      await state({ XDG_STATE_HOME: 'x', STATE_DIRECTORY: '', HOME: '/h' }),
      '/h/.local/state/postern/gateway',
    )
    // Where the program happens to be started is no place for its secrets.
    await assert.rejects(state({ HOME: 'here' }), { code: 'state-directory-unusable' })
  })

  test('keeps the id of a route as long as its from', async () => {
    const one = '  - from: tcp+https://a.b:22\n    to: tcp://c:22\n'
    const first = await load(`${base}routes:\n${one}`)
    const second = await load(
      `${base}routes:\n  - from: tcp+https://z:1\n    to: tcp://c:1\n${one}    name: x\n`,
    )
    assert.match(first.config.routes[0]?.id ?? '', /^[0-9a-f]{16}$/)
    assert.equal(first.config.routes[0]?.id, second.config.routes[1]?.id)
    assert.notEqual(second.config.routes[0]?.id, second.config.routes[1]?.id)
  })

  test('never repeats a secret in what it says', async () => {
    const text = `${base}shared_secret: hunter2\nidp_client_secret: [hunter2]\ncertificate_key: hunter2\n`
    const said = await messageOf(load(text, { COOKIE_SECRET: 'hunter2' }))
    assert.match(said, /4 problems|5 problems/)
    assert.ok(!said.includes('hunter2'), said)
  })

  test('says which file it cannot read, and why', async () => {
    const missing = loadConfig({ path: join(folder, 'gone.yaml'), env: {} })
    assert.match(await messageOf(missing), /gone\.yaml": no such file/)
    assert.match(await messageOf(load(`${base}cookie_secret_file: .`)), /it is not a regular file/)
    await writeFile(path, Buffer.from([0x61, 0xff]))
    assert.match(await messageOf(loadConfig({ path, env: {} })), /not UTF-8/)
  })

  test(
    'does not wait for a pipe',
    { skip: process.platform === 'win32', timeout: 5000 },
    async () => {
      runProgramSync('mkfifo', [join(folder, 'pipe')])
      const said = await messageOf(load(`${base}cookie_secret_file: pipe`))
      await rm(join(folder, 'pipe'))
      assert.match(said, /it is not a regular file/)
    },
  )

  test('refuses a file too large to be meant', async () => {
    const text = `${base}# ${'x'.repeat(5 * 1024 * 1024)}\n`
    assert.match(await messageOf(load(text)), /larger than 4194304 bytes/)
  })

  test('takes a variable of a secret in place of both its keys in the file', async () => {
    const secret = Buffer.alloc(32, 9).toString('base64')
    const { config, environment } = await load(`${base}shared_secret_file: gone\n`, {
      SHARED_SECRET: secret,
    })
    assert.deepEqual(config.sharedSecrets, [Buffer.alloc(32, 9)])
    assert.deepEqual(environment, ['SHARED_SECRET'])
  })

  test('remembers what the secret of a client was given by', async () => {
    await writeFile(join(folder, 'client'), 'secret', { mode: 0o600 })
    const idp = `${base}idp_provider_url: https://id.example.com\nidp_client_id: a\n`
    const keys = async (more: string, env: Record<string, string> = {}) =>
      (await load(idp + more, env)).config.identityProviders.map(
        ({ clientSecretKey }) => clientSecretKey,
      )
    const [inline, file] = ['idp_client_secret: s\n', 'idp_client_secret_file: client\n']
    assert.deepEqual(await keys(inline), ['idp_client_secret'])
    assert.deepEqual(await keys(file), ['idp_client_secret_file'])
    assert.deepEqual(await keys(file, { IDP_CLIENT_SECRET: 's' }), ['IDP_CLIENT_SECRET'])
    const byVariable = { IDP_CLIENT_SECRET_FILE: join(folder, 'client') }
    assert.deepEqual(await keys(inline, byVariable), ['IDP_CLIENT_SECRET_FILE'])
    const entry =
      'identity_providers: {b: {provider_url: "https://b.example.com", client_id: b, client_secret_file: client}}\n'
    assert.deepEqual(await keys(inline + entry), [
      'idp_client_secret',
      'identity_providers.b.client_secret_file',
    ])
  })

  test('takes several keys of stored tokens from a file, the first of which encrypts', async () => {
    const [first, second] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]
    const file = join(folder, 'token-keys')
    const lines = [first, second].map((bytes) => bytes.toString('base64'))
    await writeFile(file, `${lines.join('\n\n')}\n`, { mode: 0o600 })
    const text = `${base}token_encryption_key_file: token-keys\n`
    assert.deepEqual((await load(text)).config.tokenEncryptionKeys, [first, second])
    await writeFile(file, `${lines[0]}\nnot a key\n`)
    assert.match(await messageOf(load(text)), /base64 of exactly 32 bytes on each line/)
    const inline = `${base}token_encryption_key: ${lines[1]}\n`
    assert.deepEqual((await load(inline)).config.tokenEncryptionKeys, [second])
    assert.deepEqual((await load(base)).config.tokenEncryptionKeys, [])
  })

  test('takes former secrets from the lines of a file behind the one in use', async () => {
    const [first, second] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]
    const lines = [first, second].map((bytes) => `${bytes.toString('base64')}\n`)
    await writeFile(join(folder, 'lines'), lines.join(''), { mode: 0o600 })
    const { config } = await load(`${base}shared_secret_file: lines\ncookie_secret_file: lines\n`)
    assert.deepEqual(config.sharedSecrets, [first, second])
    assert.deepEqual(config.cookieSecrets, [first, second])
  })

  test('takes parameters of a sign-in from the environment, and none that is our own', async () => {
    const provider =
      'idp_provider_url: https://login.example.com\nidp_client_id: a\nidp_client_secret: b\n'
    const { config } = await load(base + provider, {
      IDP_REQUEST_PARAMS: 'prompt=login, domain_hint=a=b',
    })
    const params = { prompt: 'login', domain_hint: 'a=b' }
    assert.deepEqual(config.identityProviders[0]?.requestParams, params)
    for (const [written, said] of [
      ['prompt', /IDP_REQUEST_PARAMS: must be NAME=VALUE, not "prompt"/],
      ['state=x', /"state" is set by the gateway itself/],
    ] as const)
      assert.match(await messageOf(load(base + provider, { IDP_REQUEST_PARAMS: written })), said)
  })

  test(
    'warns of a secret that everybody can read',
    { skip: process.platform === 'win32' },
    async () => {
      const secret = Buffer.alloc(32, 9).toString('base64')
      await writeFile(path, `${base}shared_secret: ${secret}\n`)
      await chmod(path, 0o644)
      const { warnings } = await loadConfig({ path, env: {} })
      assert.ok(
        warnings.some(({ path, message }) => path === 'shared_secret' && /everybody/.test(message)),
      )
    },
  )
})

describe('loading a configuration again', () => {
  const gateway = 'tls_custom_ca_file: ca.crt'
  const routeTo = (name: string, more: string): string =>
    `  - from: tcp+https://${name}.example.com:22\n    to: https://gate.example.com\n    allow_any_authenticated_user: true\n    ${more}\n`
  const signIn =
    'idp_provider_url: https://login.example.com\nidp_client_id: a\nidp_client_secret: b\nauthenticate_service_url: https://auth.example.com\n'
  const mtls = 'downstream_mtls: {ca_file: ca.crt, enforcement: policy}\n'

  async function loadAgain(text: string, running?: LoadedConfig): Promise<LoadedConfig> {
    await writeFile(path, text, { mode: 0o600 })
    return loadConfig({ path, env: {}, running: running?.config })
  }

  async function write(name: string, text: string): Promise<void> {
    await writeFile(join(folder, name), text)
  }

  test('keeps the routes that nothing changes, and makes the others anew', async () => {
    await write('ca.crt', (await createCertificateAuthority()).cert)
    const head = `${base}${signIn}routes:\n`
    const first = await loadAgain(head + routeTo('a', gateway) + routeTo('b', 'name: b'))
    const second = await loadAgain(
      head + routeTo('b', 'name: other') + routeTo('a', gateway),
      first,
    )
    const [a, b] = first.config.routes
    assert.equal(second.config.routes[1], a)
    assert.equal(second.config.routes[0]?.id, b?.id)
    assert.notEqual(second.config.routes[0], b)
  })

  test('makes a route anew whose file holds something else', async () => {
    await write('ca.crt', (await createCertificateAuthority()).cert)
    const text = `${base}${signIn}routes:\n${routeTo('a', gateway)}${routeTo('b', 'name: b')}`
    const first = await loadAgain(text)
    await write('ca.crt', (await createCertificateAuthority()).cert)
    const second = await loadAgain(text, first)
    assert.notEqual(second.config.routes[0], first.config.routes[0])
    assert.equal(second.config.routes[1], first.config.routes[1])
  })

  test('makes routes anew when their policies are read otherwise', async () => {
    await write('ca.crt', (await createCertificateAuthority()).cert)
    const routes = `${signIn}routes:\n${routeTo('a', 'name: a')}`
    const first = await loadAgain(base + routes)
    const second = await loadAgain(`${base}downstream_mtls: {ca_file: ca.crt}\n${routes}`, first)
    assert.notEqual(second.config.routes[0], first.config.routes[0])
  })

  test('keeps the directory and the trust in client certificates until what they are read from changes', async () => {
    await write('ca.crt', (await createCertificateAuthority()).cert)
    await write('people.yaml', 'groups: {dba: [alice@example.com]}\n')
    const text = `${base}${mtls}directory: people.yaml\n`
    const first = await loadAgain(text)
    assert.ok(first.config.directory && first.config.downstreamMtls)
    const second = await loadAgain(`${text}log_level: warn\n`, first)
    assert.equal(second.config.directory, first.config.directory)
    assert.equal(second.config.downstreamMtls, first.config.downstreamMtls)
    await write('people.yaml', 'groups: {dba: [bob@example.com]}\n')
    const third = await loadAgain(`${text}log_level: warn\n`, second)
    assert.notEqual(third.config.directory, first.config.directory)
    assert.equal(third.config.downstreamMtls, first.config.downstreamMtls)
    await write('ca.crt', (await createCertificateAuthority()).cert)
    const fourth = await loadAgain(text, third)
    assert.equal(fourth.config.directory, third.config.directory)
    assert.notEqual(fourth.config.downstreamMtls, first.config.downstreamMtls)
    const strict = mtls.replace('policy', 'reject_connection')
    const fifth = await loadAgain(text.replace(mtls, strict), fourth)
    assert.notEqual(fifth.config.downstreamMtls, fourth.config.downstreamMtls)
  })
})
