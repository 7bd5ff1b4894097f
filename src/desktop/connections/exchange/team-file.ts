import { dirname, resolve } from 'node:path'
import { ConfigError, type Problem } from '../../../errors.ts'
import type { ConnectionSettings } from '../../wire/connection.ts'
import { nameKey } from '../names.ts'
import { createTakenAddresses } from '../taken-addresses.ts'
import { readExchange, type ParsedConnection } from './parse-exchange.ts'

/** What `postern up -f` brings up. */
export interface TeamFile {
  readonly connections: readonly ConnectionSettings[]
  /** Of a file of Pomerium's: fields that nobody knows, and where. */
  readonly unknownFields: readonly string[]
}

/**
 * Reads the file of a team, at an absolute path: relative paths in it begin at its folder, wherever whoever reads it
 * runs. `shownPath` is how the person named it.
 *
 * @throws {ConfigError} with every fault at its place, two connections of one name or local address among them
 */
export async function parseTeamFile(
  path: string,
  text: string,
  shownPath: string = path,
): Promise<TeamFile> {
  const parsed = await readExchange(shownPath, text)
  const problems: Problem[] = [
    ...parsed.problems,
    ...namesGivenTwice(parsed.connections),
    ...addressesGivenTwice(parsed.connections),
    ...homePaths(parsed.connections),
  ]
  if (problems.length > 0) throw new ConfigError(problems)
  const folder = dirname(path)
  return {
    connections: parsed.connections.map(({ settings }) => fromFolder(settings, folder)),
    unknownFields: parsed.unknownFields,
  }
}

function* namesGivenTwice(connections: readonly ParsedConnection[]): Generator<Problem> {
  const seen = new Set<string>()
  for (const { settings, problem } of connections) {
    const key = nameKey(settings.name)
    if (seen.has(key)) yield problem('name', `"${settings.name}" is the name of another connection`)
    seen.add(key)
  }
}

function* addressesGivenTwice(connections: readonly ParsedConnection[]): Generator<Problem> {
  const taken = createTakenAddresses()
  for (const { settings, problem } of connections) {
    const { listen, name } = settings
    if (listen === undefined) continue
    const holder = taken.holderOf(listen)
    if (holder !== undefined) {
      const message = `"${listen}" is the local address of "${holder}"`
      yield problem('listen', message, 'choose another port, or leave it out')
    }
    taken.add(listen, name)
  }
}

const pathKeys = ['ca_file', 'client_cert_file', 'client_key_file'] as const

function* homePaths(connections: readonly ParsedConnection[]): Generator<Problem> {
  for (const { settings, problem } of connections) {
    for (const key of pathKeys) {
      if (settings[key]?.startsWith('~') === true)
        yield problem(key, '"~" is not expanded: write the folder out')
    }
  }
}

function fromFolder(settings: ConnectionSettings, folder: string): ConnectionSettings {
  const at = (path: string | undefined): string | undefined => path && resolve(folder, path)
  const { listen } = settings
  const [, socket] = /^unix:(.+)$/s.exec(listen ?? '') ?? []
  return {
    ...settings,
    listen: socket === undefined ? listen : `unix:${resolve(folder, socket)}`,
    ca_file: at(settings.ca_file),
    client_cert_file: at(settings.client_cert_file),
    client_key_file: at(settings.client_key_file),
  }
}
