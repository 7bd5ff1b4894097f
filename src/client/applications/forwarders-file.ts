import { z } from 'zod'
import { ConfigError, SystemError, messageOf } from '../../errors.ts'
import { checkAt } from '../../schema.ts'
import { parseYaml, type YamlText } from '../../yaml-text.ts'
import { parseApplication } from './application.ts'
import type { Forwarder } from './forwarder.ts'
import { parseLocalAddress } from './local-address.ts'
import { parseRequestFields } from './request-fields.ts'

const text = z.string().min(1)

/** An entry as it is written; the names are cloudflared's, `gateway` and the file are ours. */
const entrySchema = z.strictObject({
  url: text,
  listener: text,
  destination: text.optional(),
  gateway: text.optional(),
  serviceTokenID: text.optional(),
  serviceTokenSecret: text.optional(),
  serviceAccountFile: text.optional(),
  isFedramp: z.literal(false, { error: 'there is no FedRAMP here: leave it out' }).optional(),
})

type Entry = z.output<typeof entrySchema>

/** The keys of the file's own level: what else cloudflared reads there is for its connector. */
const fileSchema = z.object({ forwarders: z.array(entrySchema).min(1) })

/** Reads a credential that an entry names. */
export type ReadCredential = (
  entry: Pick<Entry, 'serviceTokenID' | 'serviceTokenSecret' | 'serviceAccountFile'>,
) => Promise<string | undefined>

/** What the reader of a file is told. */
export interface FileSurroundings {
  readonly readCredential: ReadCredential
  /** The gateway of entries that name none; undefined: at the application's own host. */
  readonly gateway?: string | undefined
  /**
   * The address of a gateway as an entry names it.
   *
   * @throws SystemError where it is none
   */
  readonly addressOf?: (gateway: string) => Promise<string>
}

/** What a file says; `hasSecrets` where it holds one itself. */
export interface ForwardersFile {
  readonly forwarders: readonly Forwarder[]
  readonly hasSecrets: boolean
}

/**
 * Reads `forwarders:` of a YAML file. `source` is its path as it was given, for messages.
 *
 * @throws ConfigError with every fault at its place
 */
export async function parseForwardersFile(
  source: string,
  content: string,
  surroundings: FileSurroundings,
): Promise<ForwardersFile> {
  const yaml = parseYaml(source, content)
  const checked = checkAt(yaml, [], fileSchema)
  if (!checked.ok) throw new ConfigError(checked.problems)
  const { forwarders: entries } = checked.value
  const problems = sameListeners(yaml, entries)
  const forwarders: Forwarder[] = []
  for (const [index, entry] of entries.entries()) {
    const read = await readEntry(yaml, index, entry, surroundings)
    if ('problem' in read) problems.push(read.problem)
    else forwarders.push(read)
  }
  if (problems.length > 0) throw new ConfigError(problems)
  const hasSecrets = entries.some(({ serviceTokenSecret }) => serviceTokenSecret !== undefined)
  return { forwarders, hasSecrets }
}

type EntryKey = keyof Entry

async function readEntry(
  yaml: YamlText,
  index: number,
  entry: Entry,
  { readCredential, gateway, addressOf }: FileSurroundings,
): Promise<Forwarder | { readonly problem: ReturnType<YamlText['problem']> }> {
  let key: EntryKey = 'gateway'
  try {
    const named = entry.gateway && ((await addressOf?.(entry.gateway)) ?? entry.gateway)
    key = 'url'
    const destination = parseApplication(entry.url, named ?? gateway)
    key = 'listener'
    const listen = parseLocalAddress(entry.listener)
    key = 'destination'
    const fields = parseRequestFields([], entry.destination)
    key = entry.serviceAccountFile === undefined ? 'serviceTokenID' : 'serviceAccountFile'
    const credential = await readCredential(entry)
    return { destination, listen, written: entry.listener, fields, credential }
  } catch (error) {
    const hint = error instanceof SystemError ? error.hint : undefined
    return { problem: yaml.problem(['forwarders', index, key], messageOf(error), { hint }) }
  }
}

/** Two on one port: the second would wait for the first for ever. Port 0 is another one each time. */
function sameListeners(yaml: YamlText, entries: readonly Entry[]) {
  const fixed = entries.map(({ listener }) => listener.trim())
  return fixed.flatMap((listener, index) =>
    fixed.indexOf(listener) === index || listener.endsWith(':0')
      ? []
      : [
          yaml.problem(
            ['forwarders', index, 'listener'],
            `"${listener}" is the listener of another forwarder`,
          ),
        ],
  )
}
