import assert from 'node:assert/strict'
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { loadConfig } from '../../config/load.ts'
import { providerNames } from '../../config/keys/providers.ts'
import type { InitAnswers, ProviderChoice } from './answers.ts'
import { pageOf } from './config-text.ts'
import { writeInit } from './write-init.ts'

const google: ProviderChoice = {
  provider: 'google',
  url: undefined,
  clientId: 'abc',
  secret: { text: 's3cret' },
}

const answers: InitAnswers = {
  host: 'access.acme-corp.com',
  listen: ':443',
  certificates: { kind: 'acme' },
  signIn: google,
  email: 'ann@acme-corp.com',
  allow: 'acme-corp.com',
  service: { name: 'db', to: { host: '10.0.0.5', port: 5432 } },
}

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'init-'))
  t.after(() => rmSync(path, { recursive: true }))
  return path
}

test('what is written passes its own check without a warning, for every choice', async (t) => {
  const local = {
    host: 'localhost',
    listen: '127.0.0.1:8443',
    certificates: { kind: 'local' },
  } as const
  const oidc = { ...google, provider: 'oidc', url: 'https://login.example.com' } as const
  const choices: readonly Partial<InitAnswers>[] = [
    {},
    { service: undefined },
    { signIn: { provider: 'passkeys' } },
    {
      certificates: { kind: 'acme', authority: { url: 'https://ca.corp/dir', caFile: undefined } },
    },
    { allow: 'ann@acme-corp.com' },
    { ...local },
    { ...local, signIn: { ...oidc, clientId: 'a: "b" #c' } },
  ]
  for (const [index, choice] of choices.entries()) {
    const path = join(folder(t), `postern-${index}.yaml`)
    const { warnings } = await writeInit(path, { ...answers, ...choice })
    // Nobody else reads what may hold a secret.
    assert.equal(statSync(path).mode & 0o777, 0o600)
    const { config } = await loadConfig({ path, env: {} })
    assert.deepEqual(
      warnings.map(({ message }) => message),
      choice.service === undefined && 'service' in choice
        ? ['has no route: every tunnel is refused']
        : [],
    )
    const isOwn = choice.signIn?.provider === 'passkeys'
    assert.equal(config.localAccounts ?? false, isOwn)
    assert.equal(config.identityProviders[0]?.clientSecret, isOwn ? undefined : 's3cret')
  }
})

test('a gateway of this machine serves a certificate that its authority has signed', async (t) => {
  const directory = folder(t)
  const path = join(directory, 'postern.yaml')
  const { files } = await writeInit(path, {
    ...answers,
    host: 'localhost',
    certificates: { kind: 'local' },
  })
  const names = ['postern.yaml', 'idp-client-secret', 'ca.pem', 'gateway.pem', 'gateway-key.pem']
  assert.deepEqual(
    files,
    names.map((name) => join(directory, name)),
  )
  const { config } = await loadConfig({ path, env: {} })
  assert.equal(config.certificates.length, 1)
  for (const name of ['idp-client-secret', 'gateway-key.pem'])
    assert.equal(statSync(join(directory, name)).mode & 0o777, 0o600)
})

test('nothing that is there is written over, and nothing is left of what does not hold', async (t) => {
  const directory = folder(t)
  const path = join(directory, 'postern.yaml')
  writeFileSync(join(directory, 'idp-client-secret'), 'of somebody')
  await assert.rejects(writeInit(path, answers), {
    code: 'init-exists',
    message: /idp-client-secret/,
  })
  assert.equal(readFileSync(join(directory, 'idp-client-secret'), 'utf8'), 'of somebody')
  await writeInit(path, answers, { isForced: true })
  assert.equal(readFileSync(join(directory, 'idp-client-secret'), 'utf8'), 's3cret\n')

  const other = folder(t)
  const broken = { ...answers, signIn: { ...google, secret: { file: 'nowhere.txt' } } }
  const at = join(other, 'postern.yaml')
  await assert.rejects(
    writeInit(at, { ...broken, certificates: { kind: 'local' } }),
    (error: Error) => {
      assert.ok(error.message.includes(`${at}:`), error.message)
      assert.match(error.message, /idp_client_secret_file: cannot read "nowhere.txt"/)
      return true
    },
  )
  assert.deepEqual(readdirSync(other), [])
  assert.ok(!existsSync(`${at}.new`))
})

test('a secret goes into a file of its own, never through a link or into one that others may read', async (t) => {
  const directory = folder(t)
  const path = join(directory, 'postern.yaml')
  const secret = join(directory, 'idp-client-secret')
  for (const target of ['nowhere', 'elsewhere']) {
    const elsewhere = join(directory, target)
    if (target === 'elsewhere') writeFileSync(elsewhere, 'of somebody')
    for (const link of [secret, `${path}.new`]) {
      symlinkSync(elsewhere, link)
      await assert.rejects(writeInit(path, answers), { code: 'init-exists' })
      await writeInit(path, answers, { isForced: true })
      const isThere = existsSync(elsewhere) && readFileSync(elsewhere, 'utf8')
      assert.equal(isThere, target === 'elsewhere' && 'of somebody')
      rmSync(path)
      rmSync(secret)
    }
  }
  writeFileSync(secret, 'of before', { mode: 0o644 })
  await writeInit(path, answers, { isForced: true })
  assert.equal(statSync(secret).mode & 0o777, 0o600)
})

test('what was typed is a value, and never a key of its own', async (t) => {
  const path = join(folder(t), 'postern.yaml')
  const clientId = 'abc\nlog_level: debug'
  await writeInit(path, { ...answers, signIn: { ...google, clientId } })
  const { config } = await loadConfig({ path, env: {} })
  assert.deepEqual([config.identityProviders[0]?.clientId, config.logLevel], [clientId, 'info'])
})

test('what is said of each provider is a place of the page about them', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/providers.md'), 'utf8')
  const places = [...page.matchAll(/^## (.+)$/gm)].map(([, title = '']) =>
    title.toLowerCase().replaceAll(' ', '-'),
  )
  for (const provider of providerNames) {
    const [, place = ''] = pageOf(provider).split('#')
    assert.ok(places.includes(place), `${provider}: ${place}`)
  }
})
