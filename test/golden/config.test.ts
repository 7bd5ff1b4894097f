import assert from 'node:assert/strict'
import { chmod, copyFile, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { ConfigError, formatProblem } from '../../src/errors.ts'
import type { Problem } from '../../src/errors.ts'
import type { GatewayConfig } from '../../src/config/config.ts'
import { loadConfig } from '../../src/config/load.ts'
import {
  createCertificateAuthority,
  type CertificateAuthority,
  type IssueOptions,
} from '../../src/net/certificate.ts'

// Each NAME.yaml is loaded as it is, with the variables of NAME.env when there is one, and must give
// exactly NAME.txt. `UPDATE_GOLDEN=1` writes what came out: read the difference before committing it.
const golden = join(import.meta.dirname, 'config')
const inputs = (await readdir(golden)).filter((name) => name.endsWith('.yaml'))

// Certificates that the inputs name: made anew each time, so that no key lies in the repository.
const now = new Date('2026-01-01T00:00:00Z')
let folder: string

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-golden-'))
  const authority = await createCertificateAuthority()
  const valid = { notBefore: new Date('2025-01-01'), notAfter: new Date('2027-01-01') }
  const expired = { notBefore: new Date('2024-01-01'), notAfter: new Date('2025-06-30') }
  const hosts = ['auth.example.com', 'localhost']
  const [tls, other, old, site] = [
    await authority.issue(hosts, valid),
    await authority.issue(['other.example.com'], valid),
    await authority.issue(hosts, expired),
    await authority.issue(['*.site.com'], valid),
  ]
  const files = {
    'tls.crt': tls.cert,
    'tls.key': tls.key,
    'other.key': other.key,
    'expired.crt': old.cert,
    'expired.key': old.key,
    'site.crt': site.cert,
    'site.key': site.key,
    'not-pem.txt': 'hello\n',
    'webhook-secret.txt': `whsec_${Buffer.alloc(32, 7).toString('base64')}\n`,
    'secret.txt': `${Buffer.alloc(32, 7).toString('base64')}\n`,
    'empty.txt': '\n',
    'client-secret.txt': 'from a file\n',
    'people.yaml': 'groups:\n  dba: [alice@example.com, u-bob]\n',
    ...(await clientAuthorities(valid, expired)),
    'bad-people.yaml': '# of us\ngroups:\n  dba: alice@example.com\n  ops: [7]\n',
  }
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(folder, name), text, { mode: 0o600 })
  }
  await writeFile(join(folder, 'open-secret.txt'), files['secret.txt'])
  await chmod(join(folder, 'open-secret.txt'), 0o644)
})

/** Authorities of client certificates, and lists of what they have revoked. */
async function clientAuthorities(
  valid: IssueOptions,
  expired: IssueOptions,
): Promise<Record<string, string>> {
  const authority = await createCertificateAuthority({ name: 'Clients', ...valid })
  const old = await createCertificateAuthority({ name: 'Old clients', ...expired })
  const list = (from: CertificateAuthority, nextUpdate: string): Promise<string> =>
    from.revoke([], { nextUpdate: new Date(nextUpdate) })
  return {
    'clients.crt': authority.cert,
    'clients.crl': await list(authority, '2026-06-01'),
    'all-clients.crt': authority.cert + old.cert,
    'old-clients.crl': await list(old, '2025-06-01'),
  }
}

after(() => rm(folder, { recursive: true, force: true }))

test('there are configurations to load', () => {
  assert.ok(inputs.length > 0, `no .yaml in ${golden}`)
})

describe('a configuration gives its golden output', () => {
  for (const input of inputs) {
    const name = basename(input, '.yaml')
    test(name, async () => {
      const output = await describeConfig(input, name)
      const expected = join(golden, `${name}.txt`)
      if (process.env['UPDATE_GOLDEN'] === '1') await writeFile(expected, output)
      assert.equal(output, await readFile(expected, 'utf8'))
    })
  }
})

async function describeConfig(input: string, name: string): Promise<string> {
  const path = join(folder, input)
  await copyFile(join(golden, input), path)
  await chmod(path, 0o600)
  const env = { HOME: '/home/ada', ...(await readVariables(join(golden, `${name}.env`))) }
  try {
    const loaded = await loadConfig({ path, env, nowMs: now.getTime() })
    const files = [...loaded.files.keys()].map((file) => basename(file)).join(' ')
    return [
      ...section('warnings', loaded.warnings.map(say)),
      ...section('environment', loaded.environment),
      ...section('files', [files]),
      ...section('configuration', summarize(loaded.config)),
      '',
    ].join('\n')
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return [...section('problems', error.problems.map(say)), ''].join('\n')
  }
}

async function readVariables(path: string): Promise<Record<string, string>> {
  const text = await readFile(path, 'utf8').catch(() => '')
  const lines = text.split('\n').filter((line) => line.includes('='))
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  )
}

function say(problem: Problem): string {
  return formatProblem(problem).replaceAll(`${folder}/`, '')
}

function section(title: string, lines: readonly string[]): readonly string[] {
  if (lines.length === 0) return []
  return [title, ...lines.map((line) => `  ${line.replaceAll('\n', '\n  ')}`)]
}

function blocksIn(pem: string): string {
  return `${pem.match(/-----BEGIN /g)?.length ?? 0}`
}

/** Without the folder that is another one in each run. */
function relative(downloads: object): unknown {
  return JSON.parse(JSON.stringify(downloads).replace(folder, '.'))
}

/** One line for each setting and route; secrets as their length only. */
function summarize(config: GatewayConfig): readonly string[] {
  const { routes, fileRoutes, filePolicies, identityProviders, ...settings } = config
  const providers = identityProviders.map((provider) => ({
    ...provider,
    clientSecret: `${provider.clientSecret.length} characters`,
  }))
  const stateDirectory = settings.stateDirectory.replace(folder, '.')
  const plain = {
    ...settings,
    clientCertificates: undefined,
    stateDirectory,
    ...(settings.downloads && { downloads: relative(settings.downloads) }),
    certificates: `${settings.certificates.length}`,
    sharedSecrets: settings.sharedSecrets.map((key) => `${key.byteLength} bytes`),
    cookieSecrets: settings.cookieSecrets.map((key) => `${key.byteLength} bytes`),
    tokenEncryptionKeys: settings.tokenEncryptionKeys.map((key) => `${key.byteLength} bytes`),
    downstreamMtls: settings.downstreamMtls && {
      ...settings.downstreamMtls,
      ca: blocksIn(settings.downstreamMtls.ca),
      revocationLists: settings.downstreamMtls.revocationLists?.length,
    },
    providers: providers.length === 0 ? undefined : providers,
  }
  const lines = Object.entries(plain).map(([name, value]) => {
    const shown: unknown = Buffer.isBuffer(value) ? `${value.byteLength} bytes` : value
    return `${name}: ${JSON.stringify(shown) ?? '-'}`
  })
  const described = routes.map((route) => {
    const made = { policy: undefined, definition: undefined, fingerprint: undefined }
    return JSON.stringify({ ...route, ...made, readsSubject: route.policy.readsSubject })
  })
  const policies = filePolicies.map(({ place, isDisabled, named: { advice } }) =>
    JSON.stringify({ place: place.replaceAll(`${folder}/`, ''), isDisabled, ...advice }),
  )
  const disabled = fileRoutes.filter(({ isDisabled }) => isDisabled)
  return [
    ...lines.filter((line) => line !== 'clientCertificates: -'),
    ...policies.map((policy) => `policy ${policy}`),
    ...disabled.map(({ id, place }) => `disabled ${id} ${place.replaceAll(`${folder}/`, '')}`),
    ...described.map((route) => `route ${route}`),
  ]
}
