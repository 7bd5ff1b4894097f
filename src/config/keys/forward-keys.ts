import { z } from 'zod'
import { isLoopbackHost, parseHost, parsePort, type HostPort } from '../../address.ts'
import { show, textOf, type Fault } from '../../schema.ts'
import { key, type Key } from '../../setting-key.ts'
import * as values from '../../setting-values.ts'
import { auditKinds } from '../../telemetry/audit/keeper.ts'

/** RFC 5425 §4.1. */
const syslogTlsPort = 6514

const name = textOf('a name of small letters, digits and "-", such as siem', (text) =>
  /^[a-z0-9][a-z0-9-]{0,39}$/.test(text) ? text : undefined,
)

const syslogAddress = textOf(
  'the address of a syslog receiver such as logs.example.com:6514',
  (text): HostPort | undefined => {
    const isBare = /^\[.*\]$/.test(text) || !text.includes(':')
    const colon = isBare ? text.length : text.lastIndexOf(':')
    const host = parseHost(text.slice(0, colon))
    const port = isBare ? syslogTlsPort : parsePort(text.slice(colon + 1))
    return host === undefined || port === undefined ? undefined : { host, port }
  },
)

const webhookUrl = textOf(
  'an https URL such as https://hooks.example.com/postern',
  (text): URL | Fault | undefined => {
    const url = URL.parse(text)
    if (url === null || url.username !== '' || url.password !== '' || url.hash !== '')
      return undefined
    if (url.protocol === 'http:' && !isLoopbackHost(url.hostname))
      return { fault: `${show(text)} must be https: http is for a receiver on this machine only` }
    return url.protocol === 'https:' || url.protocol === 'http:' ? url : undefined
  },
)

const tls = {
  ca_file: z.optional(values.path),
  certificate_file: z.optional(values.path),
  certificate_key_file: z.optional(values.path),
  server_name: z.optional(values.serverName),
}

/** One entry of `audit_forward`. */
export const forwardEntry = z
  .strictObject({
    name,
    kinds: z.optional(z.array(z.enum(auditKinds)).min(1)),
    syslog: z.optional(z.strictObject({ address: syslogAddress, ...tls })),
    webhook: z.optional(z.strictObject({ url: webhookUrl, secret_file: values.path, ...tls })),
  })
  .refine(({ syslog, webhook }) => (syslog === undefined) !== (webhook === undefined), {
    error: 'must have exactly one of "syslog", "webhook"',
  })

export type ForwardEntry = z.output<typeof forwardEntry>

/** The key about where the audit log goes. */
export const forwardKeys = {
  audit_forward: key({
    // Its entries are checked one by one, so that a fault in one does not hide those of the others.
    schema: z.array(z.unknown()),
    type: 'list of `{name, kinds, syslog, webhook}`',
    default: [],
    variable: 'none',
    doc: 'Where the records of the audit log are sent, see below.',
  }),
} as const satisfies Record<string, Key<unknown>>
