import { z } from 'zod'
import type { FromConnector, FromGateway, OfferedService } from './protocol.ts'

/**
 * Most services, and most host names, of one connector.
 *
 * @limit services, host names and grant keys that one connector names: its connection is ended
 */
const maxListed = 4_096
/** @limit characters of one word on the control stream, such as a host name: the connection is ended */
const maxWordChars = 2_048
/** @limit characters of one sentence on the control stream: the connection is ended */
const maxSentenceChars = 16 * 1024

const word = z.string().max(maxWordChars)
const sentence = z.string().max(maxSentenceChars)
const words = z.array(word).max(maxListed)

const service = z.object({ hostname: word.optional(), service: word })
const services = z
  .array(service)
  .max(maxListed)
  .transform((all) => all.map((each): OfferedService => ({ hostname: undefined, ...each })))

const fromConnector: z.ZodType<FromConnector> = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('prove'),
    tunnelId: word,
    connectorId: word,
    connIndex: z.int().min(0).max(255),
    proof: word,
  }),
  z.object({
    type: z.literal('register'),
    version: word,
    arch: word,
    grantKeys: words,
    services,
    hostnames: words,
  }),
  z.object({ type: z.literal('services'), services, hostnames: words }),
  z.object({ type: z.literal('grant-keys'), grantKeys: words }),
  z.object({ type: z.literal('draining') }),
])

const fromGateway: z.ZodType<FromGateway> = z.discriminatedUnion('type', [
  z.object({ type: z.literal('proved'), proof: word }),
  z.object({
    type: z.literal('registered'),
    connectionId: word,
    location: word,
    notices: z.array(sentence).max(maxListed),
  }),
  z.object({
    type: z.literal('refused'),
    code: word,
    message: sentence,
    next: sentence,
    retry: z.boolean(),
  }),
  z.object({ type: z.literal('grant-key'), signed: sentence }),
  z.object({ type: z.literal('notice'), message: sentence }),
  z.object({ type: z.literal('draining') }),
])

/** What a line says; undefined for a type that this version does not know, which is no fault of a newer one. */
export type ReadMessage<Message> = (line: string) => Message | undefined

/** @throws Error for what is no JSON, or no message; it says where, and nothing of what stands there */
export const readFromConnector: ReadMessage<FromConnector> = readerOf(fromConnector, [
  'prove',
  'register',
  'services',
  'grant-keys',
  'draining',
])

/** @throws as `readFromConnector` */
export const readFromGateway: ReadMessage<FromGateway> = readerOf(fromGateway, [
  'proved',
  'registered',
  'refused',
  'grant-key',
  'notice',
  'draining',
])

function readerOf<Message extends { readonly type: string }>(
  schema: z.ZodType<Message>,
  types: readonly Message['type'][],
): ReadMessage<Message> {
  return (line) => {
    const value = parse(line)
    const { type } = z.object({ type: z.string() }).catch({ type: '' }).parse(value)
    if (type !== '' && !types.some((known) => known === type)) return undefined
    const read = schema.safeParse(value)
    if (read.success) return read.data
    const [issue] = read.error.issues
    throw new Error(`no message: ${issue?.path.join('.') || 'type'} is not as it must be`)
  }
}

/** Node's own error repeats the text, which may hold a secret. */
function parse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    throw new Error('no JSON')
  }
}
