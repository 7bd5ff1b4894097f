import { z } from 'zod'
import {
  gatewayAt,
  noGateways,
  type KnownGateways,
} from '../../../client/gateways/known-gateway.ts'
import type { ExportAnswer, ExportInput } from '../../wire/calls.ts'
import { connectionSettings } from '../../wire/connection.ts'
import type { ConnectionSettings, SavedConnection } from '../../wire/connection.ts'
import { checkConnection, saysTrust } from '../check-connection.ts'
import { encodeRecords } from './pomerium-records.ts'
import { encodeDocument } from './postern-document.ts'

export type ExportOptions = Required<Pick<ExportInput, 'format' | 'tags' | 'keys'>>

/** The files whose content is needed to export these connections, by their paths. */
export function exportedFiles(
  connections: readonly ConnectionSettings[],
  { format, keys }: ExportOptions,
): readonly string[] {
  if (format === 'postern') return []
  const paths = connections.flatMap((settings) => [
    settings.ca_file,
    ...(keys ? [settings.client_cert_file, settings.client_key_file] : []),
  ])
  return [...new Set(paths.filter((path) => path !== undefined))]
}

/**
 * A file of connections: YAML for a team's repository, or what Pomerium Desktop imports. `files` has the texts of
 * `exportedFiles` by path; one that is not there could not be read. `remembered` are the gateways that connections name.
 */
export function exportConnections(
  connections: readonly SavedConnection[],
  options: ExportOptions,
  files: ReadonlyMap<string, string>,
  remembered: KnownGateways = noGateways,
): ExportAnswer {
  const { format, tags } = options
  const leftOut: string[] = []
  const settings = connections
    // Ids and addresses of one's own mean nothing elsewhere.
    .map((saved) => z.object(connectionSettings.shape).parse(saved))
    .map((one) => (tags ? one : { ...one, tags: [] }))
    .map((one) => (options.keys ? one : withoutKey(one, leftOut)))
    .map((one) =>
      format === 'postern'
        ? ours(one, leftOut)
        : theirs(ledOut(one, remembered), options, files, leftOut),
    )
  return {
    file_name: fileName(connections, format),
    text: format === 'postern' ? encodeDocument(settings) : encodeRecords(settings),
    left_out: leftOut,
  }
}

/** A certificate without its key is of no use, and a fault to whoever imports it. */
function withoutKey(settings: ConnectionSettings, leftOut: string[]): ConnectionSettings {
  const { client_cert: cert, client_key: key, ...rest } = settings
  if (cert === undefined && key === undefined) return settings
  leftOut.push(`the client certificate of "${settings.name}", whose private key is not exported`)
  return rest
}

function ours(settings: ConnectionSettings, leftOut: string[]): ConnectionSettings {
  for (const path of [settings.ca_file, settings.client_cert_file, settings.client_key_file]) {
    if (path !== undefined) leftOut.push(`what "${path}" holds, which "${settings.name}" names`)
  }
  return settings
}

/** As it stands for itself where nobody remembers a gateway: with the address that it leads to here, and who vouches for it. */
function ledOut(settings: ConnectionSettings, remembered: KnownGateways): ConnectionSettings {
  const origin = originOf(settings, remembered)
  if (origin === undefined) return settings
  const ca = saysTrust(settings) ? undefined : gatewayAt(origin, remembered)?.ca
  return {
    ...settings,
    ...(origin !== originOf(settings, noGateways) && { gateway: origin }),
    ...(ca !== undefined && { ca_cert: ca }),
  }
}

function originOf(settings: ConnectionSettings, remembered: KnownGateways): string | undefined {
  return checkConnection(settings, remembered).checked?.destination?.gateway.origin
}

/** With nothing that Pomerium has no place for. */
function theirs(
  settings: ConnectionSettings,
  { keys }: ExportOptions,
  files: ReadonlyMap<string, string>,
  leftOut: string[],
): ConnectionSettings {
  const {
    name,
    listen,
    ca_file: caFile,
    client_cert_file: certFile,
    client_key_file: keyFile,
  } = settings
  const { ca_file: _, client_cert_file: __, client_key_file: ___, ...rest } = settings
  const read = (path: string | undefined, label: RegExp): string | undefined =>
    path === undefined ? undefined : pemOf(files.get(path) ?? '', label)
  const leave = (what: string, why: string): undefined => {
    leftOut.push(`the ${what} of "${name}": ${why}`)
    return undefined
  }

  const ca = settings.ca_cert ?? read(caFile, certificateLabel)
  if (caFile !== undefined && ca === undefined)
    leave('certificate authority', `"${caFile}" holds no certificate that can be read`)
  const isDropped = settings.disable_tls_verification && ca !== undefined
  if (isDropped) leave('certificate authority', 'Pomerium takes none where TLS is not verified')

  const cert = settings.client_cert ?? (keys ? read(certFile, certificateLabel) : undefined)
  const key = settings.client_key ?? (keys ? read(keyFile, keyLabel) : undefined)
  const isWhole = cert !== undefined && key !== undefined
  if (certFile !== undefined && !keys)
    leave('client certificate', 'its private key is not exported')
  else if (certFile !== undefined && !isWhole)
    leave('client certificate', `"${certFile}" and "${keyFile}" cannot be read`)

  const isSocket = listen?.startsWith('unix:') === true
  if (isSocket) leave('local address', 'Pomerium has no Unix sockets')
  return {
    ...rest,
    listen: isSocket ? undefined : listen,
    ca_cert: isDropped ? undefined : ca,
    client_cert: isWhole ? cert : undefined,
    client_key: isWhole ? key : undefined,
  }
}

const certificateLabel = /^(?:TRUSTED |X509 )?CERTIFICATE$/
const keyLabel = /PRIVATE KEY$/

/** The blocks of these labels alone (RFC 7468): a path may name any file of this person. */
function pemOf(text: string, label: RegExp): string | undefined {
  const blocks = text
    .matchAll(/-----BEGIN ([A-Z0-9 ]{1,64})-----[^-]*-----END \1-----/g)
    .filter(([, found = '']) => label.test(found))
    .map(([block]) => `${block}\n`)
  return [...blocks].join('') || undefined
}

/** @limit none: what of a connection's name stands in the name of a file */
const maxFileNameChars = 60

function fileName(
  connections: readonly SavedConnection[],
  format: ExportOptions['format'],
): string {
  const [only, ...others] = connections
  const end = format === 'postern' ? 'yaml' : 'json'
  const stem = only !== undefined && others.length === 0 ? fileStem(only.name) : ''
  return `${stem || (format === 'postern' ? 'connections' : 'pomerium-connections')}.${end}`
}

/** A name as the name of a file on any system: letters, digits, `_` and `-`. */
export function fileStem(name: string): string {
  const plain = name
    .replaceAll(/[^\p{L}\p{N}_]+/gu, '-')
    .slice(0, maxFileNameChars)
    .toWellFormed()
    .replaceAll(/^-+|-+$/g, '')
  // Windows takes these for devices, whatever follows the dot.
  return /^(?:con|prn|aux|nul|com\d|lpt\d)$/i.test(plain) ? `${plain}-` : plain
}
