import { X509Certificate } from 'node:crypto'
import { exposureOf } from '../../file-text.ts'
import { parsePolicy } from '../../policy/language/parse.ts'
import type { Policy } from '../../policy/policy.ts'
import type { Certificate } from '../../port/tls-contexts.ts'
import type { DnsSettings } from '../../publish/dns/settings.ts'
import type { Site } from '../../publish/site.ts'
import { checkValue } from '../../schema.ts'
import type { Path } from '../../yaml-text.ts'
import { parseTsigSecret, siteEntry, type DnsEntry, type SiteEntry } from '../keys/site-keys.ts'
import type { Source } from '../source/source.ts'
import { readPair } from './certificates.ts'
import { policyContextOf } from './policy-context.ts'
import type { PolicyNeeds } from './sign-in.ts'

export interface ReadSites extends PolicyNeeds {
  readonly sites: readonly Site[]
  /** Those of the sites' own. */
  readonly siteCertificates: readonly Certificate[]
}

/** Reads every site; one without a certificate of its own stands under those of the gateway. */
export async function readSites(
  source: Source,
  gatewayCertificates: readonly Certificate[],
): Promise<ReadSites> {
  const { settings, findings } = source
  const sites: Site[] = []
  const siteCertificates: Certificate[] = []
  const policies: Policy[] = []
  for (const [index, plain] of (settings.values.sites ?? []).entries()) {
    const checked = checkValue(plain, siteEntry)
    if (!checked.ok) {
      for (const { path, message, hint, at } of checked.faults)
        tell(source, [index, ...path], message, { hint, at })
      continue
    }
    const entry = checked.value
    refuseSecond(entry, sites, index, source)
    const own = await readOwn(entry, index, source)
    const policy = readPolicy(entry, index, source)
    const dns = entry.dns && (await readDns(entry.dns, entry.name, index, source))
    if (own !== undefined) siteCertificates.push(own)
    if (policy === undefined) continue
    policies.push(policy)
    const covers =
      own === undefined && settings.orDefault('autocert')
        ? isFetched
        : coverage(own === undefined ? gatewayCertificates : [own])
    if (!covers(`tcp.${entry.name}`)) warnOfUncovered(entry, index, source)
    sites.push({ name: entry.name, publish: policy, covers, dns })
  }
  if (sites.length > 0 && settings.values.authenticate_service_url === undefined) {
    const message = 'needs "authenticate_service_url": publishers sign in there'
    findings.problems.push(settings.problem('sites', message, { at: 'key' }))
  }
  return {
    sites,
    siteCertificates,
    readsSubject: policies.some(({ readsSubject }) => readsSubject),
    needsProvider: policies.some(({ needsProvider }) => needsProvider),
  }
}

function tell(
  { settings, findings }: Source,
  within: Path,
  message: string,
  more: { readonly hint?: string | undefined; readonly at?: 'key' | 'value' } = {},
): undefined {
  findings.problems.push(settings.problem('sites', message, { within, ...more }))
}

function refuseSecond(
  { name }: SiteEntry,
  sites: readonly Site[],
  index: number,
  source: Source,
): void {
  if (sites.some((site) => site.name === name))
    tell(source, [index, 'name'], `"${name}" is a site already: write it once`)
}

async function readOwn(
  entry: SiteEntry,
  index: number,
  source: Source,
): Promise<Certificate | undefined> {
  const { certificate_file: cert, certificate_key_file: key } = entry
  if (cert === undefined && key === undefined) return undefined
  if (cert === undefined || key === undefined) {
    const [given, missing] = [
      cert === undefined ? 'certificate_key_file' : 'certificate_file',
      cert === undefined ? 'certificate_file' : 'certificate_key_file',
    ]
    return tell(source, [index, given], `needs "${missing}" as well`, { at: 'key' })
  }
  return readPair(source, {
    cert: { path: cert, key: 'sites', within: [index, 'certificate_file'] },
    key: { path: key, key: 'sites', within: [index, 'certificate_key_file'] },
  })
}

/** Without one nobody may publish, as nobody may use a route without one. */
function readPolicy(
  { publish, name }: SiteEntry,
  index: number,
  source: Source,
): Policy | undefined {
  const { settings, findings } = source
  const parsed = parsePolicy(publish, policyContextOf(source))
  if ('problems' in parsed) {
    for (const { path, message, hint } of parsed.problems)
      tell(source, [index, 'publish', ...path], message, { hint })
    return undefined
  }
  for (const { path, message, hint } of parsed.warnings) {
    const within = [index, 'publish', ...path]
    findings.warnings.push(settings.problem('sites', message, { within, hint }))
  }
  if (parsed.policy.readsClientCertificate) {
    const message = 'asks for a client certificate, which publishers do not show'
    return tell(source, [index, 'publish'], message)
  }
  if (publish === undefined || (Array.isArray(publish) && publish.length === 0)) {
    const message = `lets nobody publish below "${name}": it has no policy "publish"`
    const hint = 'add one, such as  publish: [{allow: {or: [{domain: {is: example.com}}]}}]'
    findings.warnings.push(settings.problem('sites', message, { within: [index], hint }))
  }
  return parsed.policy
}

async function readDns(
  entry: DnsEntry,
  site: string,
  index: number,
  source: Source,
): Promise<DnsSettings | undefined> {
  const secret = await readTsigSecret(entry, index, source)
  const { zone = site } = entry
  if (site !== zone && !site.endsWith(`.${zone}`))
    tell(source, [index, 'dns', 'zone'], `must be "${site}" or a zone that it is in`)
  const target = entry.target ?? source.settings.values.authenticate_service_url?.hostname
  if (secret === undefined || target === undefined) return undefined
  return {
    server: entry.server,
    zone,
    key: { name: entry.key_name, algorithm: entry.key_algorithm ?? 'hmac-sha256', secret },
    ttlSeconds: Math.round((entry.ttl ?? defaultTtlMs) / 1000),
    target,
  }
}

const defaultTtlMs = 300_000

async function readTsigSecret(
  { key_secret: inline, key_secret_file: path }: DnsEntry,
  index: number,
  source: Source,
): Promise<Uint8Array | undefined> {
  const at = (key: string): Path => [index, 'dns', key]
  if (inline !== undefined && path !== undefined) {
    const message = 'cannot be given together with "key_secret": choose one of them'
    return tell(source, at('key_secret_file'), message, { at: 'key' })
  }
  if (inline !== undefined) return inline
  if (path === undefined) {
    const hint = 'make a key with: tsig-keygen -a hmac-sha256 postern-key'
    return tell(source, [index, 'dns'], 'needs "key_secret_file" or "key_secret"', { hint })
  }
  const file = await source.files.read(path)
  if (!file.ok) return tell(source, at('key_secret_file'), file.message)
  const warning = exposureOf(file)
  if (warning !== undefined) {
    const [message, details] = warning
    const more = { ...details, within: at('key_secret_file') }
    source.findings.warnings.push(source.settings.problem('sites', message, more))
  }
  const secret = parseTsigSecret(file.text)
  if (secret !== undefined) return secret
  return tell(
    source,
    at('key_secret_file'),
    'must name a file with the secret of the key, in base64',
  )
}

/** Whatever is published: its certificate is fetched then. */
function isFetched(): boolean {
  return true
}

/** What is right once it was asked costs no second look at the certificates. */
function coverage(certificates: readonly Certificate[]): Site['covers'] {
  const leaves = certificates.map(({ cert }) => new X509Certificate(cert))
  return (hostname) => leaves.some((leaf) => leaf.checkHost(hostname) !== undefined)
}

function warnOfUncovered({ name }: SiteEntry, index: number, { settings, findings }: Source): void {
  const message = `no certificate is for "*.${name}": names below this site cannot be published unless one names them`
  const hint = 'add "certificate_file" and "certificate_key_file" of a wildcard certificate'
  findings.warnings.push(settings.problem('sites', message, { within: [index], hint }))
}
