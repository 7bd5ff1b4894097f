import assert from 'node:assert/strict'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '../config/load.ts'
import { createCertificateAuthority, type CertificateAuthority } from '../net/certificate.ts'
import type { LookUpAll } from '../net/dial.ts'
import type { PreflightCheck, PreflightOptions } from './check.ts'
import { preflight } from './preflight.ts'

/** Names of the tests: nothing is asked of a real name server. */
const names: Readonly<Record<string, string>> = {
  'auth.example.com': '203.0.113.7',
  'here.example.com': '192.0.2.1',
  'app.example.com': '192.0.2.1',
  localhost: '127.0.0.1',
}

export const lookup: LookUpAll = (host, _options, done) => {
  const address = /^[\d.]+$/.test(host) ? host : names[host]
  if (address === undefined)
    done(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }), [])
  else done(null, [{ address, family: 4 }])
}

/** What a configuration says; its files are in the folder. */
export interface Written {
  readonly address?: string
  readonly more?: string
  readonly routes?: readonly string[]
}

/** Tries such a configuration. */
export type RunPreflight = (
  written: Written,
  options?: Partial<PreflightOptions>,
) => Promise<readonly PreflightCheck[]>

/** A folder with a certificate of the gateway and the one of its authority, `ca.pem`. */
export async function openPreflight(): Promise<{
  readonly folder: string
  readonly authority: CertificateAuthority
  readonly run: RunPreflight
}> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-preflight-'))
  const authority = await createCertificateAuthority()
  const { cert, key } = await authority.issue(['auth.example.com', '*.example.com'])
  await writeFile(join(folder, 'tls.crt'), cert)
  await writeFile(join(folder, 'tls.key'), key, { mode: 0o600 })
  await writeFile(join(folder, 'ca.pem'), authority.cert)
  return { folder, authority, run: (written, options) => run(folder, written, options) }
}

async function run(
  folder: string,
  { address = '127.0.0.1:0', more = '', routes = [] }: Written,
  options: Partial<PreflightOptions> = {},
): Promise<readonly PreflightCheck[]> {
  const path = join(folder, 'postern.yaml')
  const text = [
    `address: ${address}`,
    'certificate_file: tls.crt',
    'certificate_key_file: tls.key',
    'state_directory: state',
    more,
    routes.length === 0 ? 'routes: []' : 'routes:',
    ...routes.map((route) => `  - {allow_public_unauthenticated_access: true, ${route}}`),
    '',
  ]
  await writeFile(path, text.join('\n'), { mode: 0o600 })
  const { config } = await loadConfig({ path, env: { HOME: folder } })
  const { signal } = new AbortController()
  const own = { config, signal, lookup, ownAddresses: () => ['192.0.2.1'], timeoutMs: 5_000 }
  const checks: PreflightCheck[] = []
  const { total, done, results } = preflight({ ...own, ...options })
  let count = 0
  for await (const found of results()) {
    count += 1
    checks.push(...found)
  }
  assert.deepEqual([count, done()], [total, total])
  return checks
}

/** Without the time that each took. */
export function lines(
  checks: readonly PreflightCheck[],
  ...whats: readonly string[]
): readonly string[] {
  return checks
    .filter(({ what }) => whats.includes(what))
    .map(({ what, target, verdict, detail }) => `${verdict} ${what} ${target}: ${detail}`)
}
