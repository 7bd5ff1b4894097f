import { stringify } from 'yaml'
import { z } from 'zod'
import { checkAt, valueAt } from '../../../schema.ts'
import type { YamlText } from '../../../yaml-text.ts'
import { connectionSettings, savedConnection } from '../../wire/connection.ts'
import type { ConnectionInput, ConnectionSettings } from '../../wire/connection.ts'
import { maxConnections } from '../connections-file.ts'
import type { Decoded } from './exchange.ts'

// Our own form, for a team's repository: `connections`, each with the keys of `connectionSettings`.

/** YAML reads a port alone as a number. */
const listen = z.preprocess(
  (value) => (typeof value === 'number' ? String(value) : value),
  connectionSettings.shape.listen,
)
const document = documentOf(connectionSettings.extend({ listen }))
/** The daemon's own file, which somebody copied: what it gives to connections they get anew. */
const ownFile = documentOf(savedConnection).extend({ version: z.literal(1) })

function documentOf<T extends z.ZodType>(connection: T) {
  return z.strictObject({ connections: z.array(connection).max(maxConnections) })
}

export function decodeDocument(text: YamlText): Decoded {
  const isOwnFile = valueAt(text.value, ['version']) !== undefined
  const checked = checkAt(text, [], isOwnFile ? ownFile : document)
  if (!checked.ok) return { connections: [], unknown: [], problems: checked.problems }
  const connections = checked.value.connections.map((written, index) => ({
    settings: isOwnFile ? z.object(connectionSettings.shape).parse(written) : written,
    place: (key: string) => ['connections', index, key],
  }))
  return { connections, unknown: [], problems: [] }
}

const head = `# Connections of Postern: "postern up -f FILE" brings them up, and its window imports them.
`

/** What has its default is left out. */
export function encodeDocument(connections: readonly ConnectionSettings[]): string {
  return head + stringify({ connections: connections.map(written) }, { lineWidth: 0 })
}

function written(settings: ConnectionSettings): ConnectionInput {
  const { protocol, disable_tls_verification: isOpen, tags, start_at_launch: starts } = settings
  const given = Object.keys(connectionSettings.shape).flatMap((key) => {
    const value: unknown = Reflect.get(settings, key)
    return value === undefined ? [] : [[key, value] as const]
  })
  const defaults = new Set([
    ...(protocol === 'tcp' ? ['protocol'] : []),
    ...(isOpen ? [] : ['disable_tls_verification']),
    ...(tags.length === 0 ? ['tags'] : []),
    ...(starts ? [] : ['start_at_launch']),
  ])
  const { name, destination } = settings
  return { name, destination, ...Object.fromEntries(given.filter(([key]) => !defaults.has(key))) }
}
