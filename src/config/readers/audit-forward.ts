import { createSecureContext, type SecureContext } from 'node:tls'
import { messageOf } from '../../errors.ts'
import { exposureOf } from '../../file-text.ts'
import { parseChain } from '../../net/pem.ts'
import { checkValue } from '../../schema.ts'
import type { ForwardSettings } from '../../telemetry/forward/forwarding.ts'
import type { PeerTls } from '../../telemetry/forward/peer-tls.ts'
import { parseWebhookSecret } from '../../telemetry/forward/webhook-signature.ts'
import type { Path } from '../../yaml-text.ts'
import { forwardEntry, type ForwardEntry } from '../keys/forward-keys.ts'
import type { Source } from '../source/source.ts'
import { originOf } from '../source/unchanged.ts'
import { readPair } from './certificates.ts'

/** @limit destinations in `audit_forward`: the configuration does not load */
const maxDestinations = 8

/** Reads where the audit log is sent, with what each destination is trusted by. */
export async function readAuditForward(source: Source): Promise<readonly ForwardSettings[]> {
  const entries = source.settings.values.audit_forward ?? []
  const read: ForwardSettings[] = []
  if (entries.length > maxDestinations)
    tell(source, [], `has ${entries.length} destinations: ${maxDestinations} may be there at most`)
  for (const [index, plain] of entries.entries()) {
    const checked = checkValue(plain, forwardEntry)
    if (!checked.ok) {
      for (const { path, message, hint, at } of checked.faults)
        tell(source, [index, ...path], message, { hint, at })
      continue
    }
    const { name } = checked.value
    if (read.some((it) => it.name === name))
      tell(
        source,
        [index, 'name'],
        `"${name}" is a destination already: its place is kept by its name`,
      )
    const settings = await readEntry(checked.value, { source, index })
    if (settings !== undefined) read.push(settings)
  }
  return read
}

interface Place {
  readonly source: Source
  readonly index: number
}

async function readEntry(entry: ForwardEntry, place: Place): Promise<ForwardSettings | undefined> {
  const { name, syslog, webhook } = entry
  const kinds = entry.kinds && new Set(entry.kinds)
  if (syslog !== undefined) {
    const made = await readTls('syslog', syslog, place)
    if (made === undefined) return undefined
    const fingerprint = originOf(JSON.stringify(entry), ...made.parts)
    const target = { kind: 'syslog', address: syslog.address, tls: made.tls } as const
    return { name, kinds, fingerprint, target }
  }
  if (webhook === undefined) return undefined
  const secret = await readSecret(webhook.secret_file, place)
  const made = await readTls('webhook', webhook, place)
  if (made === undefined || secret === undefined) return undefined
  const { url } = webhook
  const parts = [JSON.stringify(entry), url.href, secret.toString('hex'), ...made.parts]
  const tls = url.protocol === 'http:' ? undefined : made.tls
  const target = { kind: 'webhook', url, secret, tls } as const
  return { name, kinds, fingerprint: originOf(...parts), target }
}

type TlsEntry = Pick<
  NonNullable<ForwardEntry['syslog']>,
  'ca_file' | 'certificate_file' | 'certificate_key_file' | 'server_name'
>

/** What was made of the files, and their texts. */
interface MadeTls {
  readonly tls: PeerTls
  readonly parts: readonly string[]
}

async function readTls(
  kind: 'syslog' | 'webhook',
  entry: TlsEntry,
  { source, index }: Place,
): Promise<MadeTls | undefined> {
  const problemsBefore = source.findings.problems.length
  const ca = entry.ca_file && (await readAuthorities(entry.ca_file, [index, kind], source))
  const pair = await readOwn(entry, [index, kind], source)
  if (source.findings.problems.length > problemsBefore) return undefined
  try {
    const context = openContext(ca, pair)
    const parts = [ca ?? '', pair?.cert ?? '', pair?.key ?? '']
    return { tls: { context, serverName: entry.server_name }, parts }
  } catch (error) {
    return tell(source, [index, kind], `has TLS files that cannot be used: ${messageOf(error)}`)
  }
}

/** What looks right may still be too weak for OpenSSL. */
function openContext(
  ca: string | undefined,
  pair: { readonly cert: string; readonly key: string } | undefined,
): SecureContext {
  return createSecureContext({ minVersion: 'TLSv1.2', ...(ca !== undefined && { ca }), ...pair })
}

async function readAuthorities(
  path: string,
  within: Path,
  source: Source,
): Promise<string | undefined> {
  const file = await source.files.read(path)
  if (!file.ok) return tell(source, [...within, 'ca_file'], file.message)
  if (parseChain(file.text) !== undefined) return file.text
  return tell(source, [...within, 'ca_file'], 'must name a file with certificates in PEM')
}

async function readOwn(entry: TlsEntry, within: Path, source: Source) {
  const { certificate_file: cert, certificate_key_file: key } = entry
  if (cert === undefined && key === undefined) return undefined
  if (cert === undefined || key === undefined) {
    const [given, missing] = [
      cert === undefined ? 'certificate_key_file' : 'certificate_file',
      cert === undefined ? 'certificate_file' : 'certificate_key_file',
    ]
    return tell(source, [...within, given], `needs "${missing}" as well`, { at: 'key' })
  }
  return readPair(source, {
    cert: { path: cert, key: 'audit_forward', within: [...within, 'certificate_file'] },
    key: { path: key, key: 'audit_forward', within: [...within, 'certificate_key_file'] },
  })
}

async function readSecret(path: string, { source, index }: Place): Promise<Buffer | undefined> {
  const within = [index, 'webhook', 'secret_file']
  const file = await source.files.read(path)
  if (!file.ok) return tell(source, within, file.message)
  const warning = exposureOf(file)
  if (warning !== undefined) {
    const [message, details] = warning
    const problem = source.settings.problem('audit_forward', message, { ...details, within })
    source.findings.warnings.push(problem)
  }
  const secret = parseWebhookSecret(file.text)
  if (secret !== undefined) return secret
  return tell(source, within, 'must name a file with "whsec_" and base64 of 24 to 64 bytes', {
    hint: 'make one with: echo "whsec_$(head -c32 /dev/urandom | base64)"',
  })
}

function tell(
  { settings, findings }: Source,
  within: Path,
  message: string,
  more: { readonly hint?: string | undefined; readonly at?: 'key' | 'value' } = {},
): undefined {
  findings.problems.push(settings.problem('audit_forward', message, { within, ...more }))
}
