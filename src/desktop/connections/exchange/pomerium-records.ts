import type { Problem } from '../../../errors.ts'
import { checkValue, show } from '../../../schema.ts'
import type { Path, YamlText } from '../../../yaml-text.ts'
import { connectionSettings, maxNameChars } from '../../wire/connection.ts'
import type { ConnectionSettings } from '../../wire/connection.ts'
import { withScheme } from '../../../reach/destination.ts'
import { maxConnections } from '../connections-file.ts'
import type { Decoded, WrittenConnection } from './exchange.ts'
import { createMessageReader, type Field, type Message, type MessageReader } from './protojson.ts'

// What Pomerium Desktop exports and imports: protojson of an `Any` that holds `pomerium.cli.Records`, as the file of
// its own configuration (https://github.com/pomerium/cli/blob/main/proto/api.proto).

const recordsType = 'pomerium.cli.Records'

const fields = {
  records: ['@type', 'records'],
  record: ['id', 'tags', 'conn', 'source'],
  connection: [
    'name',
    'protocol',
    'remote_addr',
    'listen_addr',
    'pomerium_url',
    'disable_tls_verification',
    'ca_cert',
    'client_cert',
    'client_cert_from_store',
    'autostart',
  ],
  // `info` says in words what the certificate says.
  certificate: ['cert', 'key', 'info'],
  filter: ['issuer_filter', 'subject_filter'],
} as const

type RecordField = (typeof fields.record)[number]
type ConnectionField = (typeof fields.connection)[number]
type CertificateField = (typeof fields.certificate)[number]

/** What all of a text is read by. */
interface Decoding {
  readonly text: YamlText
  readonly reader: MessageReader
  readonly problems: Problem[]
}

export function decodeRecords(text: YamlText): Decoded {
  const problems: Problem[] = []
  const unknown: Path[] = []
  const reader = createMessageReader(text, problems, unknown)
  const root = reader.message({ value: text.value, path: [] }, fields.records)
  const type = root?.['@type']
  if (type !== undefined && lastSegment(type.value) !== recordsType) {
    problems.push(
      text.problem(
        type.path,
        `must be "type.googleapis.com/${recordsType}", not ${show(type.value)}`,
      ),
    )
  }
  const records = reader.list(root?.records)
  if (records.length > maxConnections) {
    problems.push(text.problem(['records'], `must have at most ${maxConnections} entries`))
  }
  const connections = records
    .slice(0, maxConnections)
    .flatMap((record, index) => decodeRecord({ text, reader, problems }, record, index) ?? [])
  return { connections, unknown, problems }
}

/** Undefined for one with a fault. */
function decodeRecord(
  { text, reader, problems }: Decoding,
  field: Field,
  index: number,
): WrittenConnection | undefined {
  const before = problems.length
  const record = reader.message(field, fields.record)
  if (record === undefined) return undefined
  if (record.conn === undefined) {
    problems.push(text.problem(field.path, 'has no "conn": nothing says where it leads'))
    return undefined
  }
  const conn = reader.message(record.conn, fields.connection)
  if (conn === undefined) return undefined
  const certificate = conn.client_cert && reader.message(conn.client_cert, fields.certificate)
  const input = settingsOf(reader, record, conn, certificate, index)
  const places = placesOf(record, conn, certificate)
  const missing = [...record.conn.path, 'remoteAddr']
  const place = (key: keyof ConnectionSettings): Path => places[key]?.path ?? missing
  const checked = checkValue(input, connectionSettings)
  if (checked.ok) return problems.length > before ? undefined : { settings: checked.value, place }
  for (const { path, message, hint } of checked.faults) {
    const at = place(path[0] as keyof ConnectionSettings)
    problems.push(text.problem(at, message, { hint }))
  }
  return undefined
}

function settingsOf(
  reader: MessageReader,
  { tags, source }: Message<RecordField>,
  conn: Message<ConnectionField>,
  certificate: Message<CertificateField> | undefined,
  index: number,
): Record<keyof ConnectionSettings, unknown> {
  const destination = reader.text(conn.remote_addr)
  const url = reader.text(conn.pomerium_url)
  const store = conn.client_cert_from_store
  const filter = store && reader.message(store, fields.filter)
  return {
    name: reader.text(conn.name)?.trim() || nameOf(destination, index),
    protocol: protocolOf(reader, conn, destination),
    destination,
    listen: reader.text(conn.listen_addr),
    gateway: url && gatewayOf(url),
    disable_tls_verification: reader.flag(conn.disable_tls_verification),
    ca_file: undefined,
    ca_cert: reader.pem(conn.ca_cert),
    client_cert_file: undefined,
    client_key_file: undefined,
    client_cert: reader.pem(certificate?.cert),
    client_key: reader.pem(certificate?.key),
    client_cert_from_store: filter && {
      issuer: reader.text(filter.issuer_filter),
      subject: reader.text(filter.subject_filter),
    },
    tags: [...new Set(reader.list(tags).flatMap((tag) => reader.text(tag)?.trim() || []))],
    start_at_launch: reader.flag(conn.autostart),
    source: reader.text(source),
  }
}

function placesOf(
  { tags, source }: Message<RecordField>,
  conn: Message<ConnectionField>,
  certificate: Message<CertificateField> | undefined,
): Partial<Record<keyof ConnectionSettings, Field | undefined>> {
  return {
    // One without a name has that of its destination.
    name: conn.name ?? conn.remote_addr,
    destination: conn.remote_addr,
    listen: conn.listen_addr,
    gateway: conn.pomerium_url,
    ca_cert: conn.ca_cert,
    client_cert: certificate?.cert ?? conn.client_cert,
    client_key: certificate?.key ?? conn.client_cert,
    client_cert_from_store: conn.client_cert_from_store,
    tags,
    source,
  }
}

/** One without a protocol is TCP to Pomerium; that its destination is UDP is all that says otherwise. */
function protocolOf(
  reader: MessageReader,
  { protocol }: Message<ConnectionField>,
  destination: string | undefined,
): 'tcp' | 'udp' {
  const named = reader.oneOf(protocol, ['UNKNOWN', 'TCP', 'UDP'])
  const isUdp = named === undefined ? /^udp\+/i.test(destination ?? '') : named === 'UDP'
  return isUdp ? 'udp' : 'tcp'
}

/** Pomerium takes any URL here, reads its host and port, and itself writes some with a path. */
function gatewayOf(url: string): string {
  return /^(https?:\/\/[^/?#]+)/i.exec(url.trim())?.[1] ?? url
}

/** For one without a name: where it leads. */
function nameOf(destination: string | undefined, index: number): string {
  const authority = lastSegment(destination).trim()
  return authority === '' ? `connection ${index + 1}` : authority.slice(0, maxNameChars)
}

function lastSegment(value: unknown): string {
  if (typeof value !== 'string') return ''
  return value.split('/').findLast((part) => part !== '') ?? ''
}

/** A text of Pomerium's form; `settings` say nothing that it cannot. */
export function encodeRecords(connections: readonly ConnectionSettings[]): string {
  const records = connections.map(encodeRecord)
  return JSON.stringify({ '@type': `type.googleapis.com/${recordsType}`, records }, undefined, 2)
}

function encodeRecord(settings: ConnectionSettings): object {
  const { listen, gateway, tags, client_cert: cert, client_key: key } = settings
  const { client_cert_from_store: filter } = settings
  const conn = {
    name: settings.name,
    protocol: settings.protocol.toUpperCase(),
    remoteAddr: settings.destination,
    // It does not take a port alone.
    listenAddr: listen !== undefined && /^\d+$/.test(listen) ? `127.0.0.1:${listen}` : listen,
    pomeriumUrl: gateway && withScheme(gateway),
    disableTlsVerification: settings.disable_tls_verification || undefined,
    caCert: settings.ca_cert && base64(settings.ca_cert),
    clientCert: cert && { cert: base64(cert), key: key && base64(key) },
    clientCertFromStore: filter && { issuerFilter: filter.issuer, subjectFilter: filter.subject },
    autostart: settings.start_at_launch || undefined,
  }
  return { tags: tags.length === 0 ? undefined : tags, conn, source: settings.source }
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
