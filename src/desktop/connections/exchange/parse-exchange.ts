import { ConfigError, type Problem } from '../../../errors.ts'
import type { Path, YamlText } from '../../../yaml-text.ts'
import type { ConnectionSettings } from '../../wire/connection.ts'
import { checkConnection } from '../check-connection.ts'
import type { Decoded, WrittenConnection } from './exchange.ts'
import { decodeRecords } from './pomerium-records.ts'
import { decodeDocument } from './postern-document.ts'
import { readText } from './read-text.ts'

/** @limit unknown fields of a file of connections that are named: how many more there are is said */
const maxUnknownFields = 100

export interface ParsedConnection {
  readonly settings: ConnectionSettings
  /** Why it cannot be up here. */
  readonly unsupported: string | undefined
  /** What else is wrong with one of its keys, at its place. */
  problem(key: keyof ConnectionSettings, message: string, hint?: string): Problem
}

/** The connections of a text, or all that is wrong with it. */
export interface ParsedExchange {
  readonly format: 'postern' | 'pomerium'
  /** None where there are problems. */
  readonly connections: readonly ParsedConnection[]
  /** Where fields are that nobody knows: `records[2].conn.colour (line 12)`. */
  readonly unknownFields: readonly string[]
  readonly problems: readonly Problem[]
}

/**
 * Reads connections in YAML or JSON: our own form, or what Pomerium Desktop exports. `source` names the text in
 * problems, such as the path of a file.
 */
export async function parseExchange(source: string, text: string): Promise<ParsedExchange> {
  const parsed = await readExchange(source, text)
  return parsed.problems.length > 0 ? { ...parsed, connections: [] } : parsed
}

/** The same with the connections that could be read, for whoever looks for further problems. */
export async function readExchange(source: string, text: string): Promise<ParsedExchange> {
  try {
    const read = await readText(source, text)
    return isPomeriums(read.value)
      ? checkAll(read, 'pomerium', decodeRecords(read))
      : checkAll(read, 'postern', decodeDocument(read))
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return { format: 'postern', connections: [], unknownFields: [], problems: error.problems }
  }
}

function isPomeriums(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return Object.hasOwn(value, '@type') || Object.hasOwn(value, 'records')
}

function checkAll(
  text: YamlText,
  format: ParsedExchange['format'],
  decoded: Decoded,
): ParsedExchange {
  const problems = [...decoded.problems]
  const connections = decoded.connections.map((written) => {
    const { faults, checked } = checkConnection(written.settings)
    const at = problemAt(text, written)
    problems.push(...faults.map(({ key, message, hint }) => at(key, message, hint)))
    return { settings: written.settings, unsupported: checked?.unsupported, problem: at }
  })
  return {
    format,
    connections,
    unknownFields: unknownFields(text, decoded.unknown),
    problems,
  }
}

function unknownFields(text: YamlText, unknown: readonly Path[]): readonly string[] {
  const named = unknown.slice(0, maxUnknownFields).map((path) => {
    const { path: shown, line } = text.problem(path, '', { at: 'key' })
    return line === undefined ? shown : `${shown} (line ${line})`
  })
  const more = unknown.length - named.length
  return more === 0 ? named : [...named, `${more} more`]
}

function problemAt(text: YamlText, { place }: WrittenConnection): ParsedConnection['problem'] {
  return (key, message, hint) => text.problem(place(key), message, { hint })
}
