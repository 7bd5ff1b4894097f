import { isIP } from 'node:net'
import { z } from 'zod'
import { parseHost, parsePort, type HostPort } from '../../address.ts'
import { AppError } from '../../errors.ts'
import { tsigAlgorithms } from '../../publish/dns/settings.ts'
import { parseHostname } from '../../publish/hostname.ts'
import { secretTextOf, textOf } from '../../schema.ts'
import * as values from '../../setting-values.ts'

/** In lower case, of at least two labels. */
const zoneName = textOf('a name such as site.com', hostnameOf)

function hostnameOf(text: string): string | undefined {
  try {
    return parseHostname(text)
  } catch (error) {
    if (error instanceof AppError) return undefined
    throw error
  }
}

const dnsPort = 53

/** `192.0.2.53`, `ns.site.com:5353`, `[2001:db8::53]:53`. */
const dnsServer = textOf('a DNS server such as 192.0.2.53 or ns.site.com:53', parseServer)

function parseServer(text: string): HostPort | undefined {
  if (isIP(text) === 6) return { host: text, port: dnsPort }
  const colon = /^\[.*\]$/.test(text) ? -1 : text.lastIndexOf(':')
  const host = parseHost(colon < 0 ? text : text.slice(0, colon))
  const port = colon < 0 ? dnsPort : parsePort(text.slice(colon + 1))
  return host === undefined || port === undefined ? undefined : { host, port }
}

/** RFC 1035 §2.3.1, with the underscores that names of keys have. */
const keyName = textOf('the name of a key such as postern-key', (text) => {
  const name = text.toLowerCase().replace(/\.$/, '')
  return /^(?!.{254})[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/.test(name) ? name : undefined
})

/** RFC 8945 §6: a secret should be as long as the hash; this is what generators make at least. */
const leastSecretBytes = 16

/** Undefined for what is no base64, or too short to be a secret. */
export function parseTsigSecret(text: string): Buffer | undefined {
  const isBase64 = /^[A-Za-z0-9+/]+={0,2}$/.test(text.trim())
  const bytes = Buffer.from(isBase64 ? text.trim() : '', 'base64')
  return bytes.length < leastSecretBytes ? undefined : bytes
}

const target = z.union([
  textOf('a host name or an IP address', (text) => (isIP(text) === 0 ? hostnameOf(text) : [text])),
  z
    .array(textOf('an IP address', (text) => (isIP(text) === 0 ? undefined : text)))
    .min(1)
    .max(8),
])

const dns = z.strictObject({
  provider: z.literal('rfc2136'),
  server: dnsServer,
  zone: z.optional(zoneName),
  key_name: keyName,
  key_algorithm: z.optional(z.enum(tsigAlgorithms)),
  key_secret: z.optional(
    secretTextOf(`base64 of at least ${leastSecretBytes} bytes`, parseTsigSecret),
  ),
  key_secret_file: z.optional(values.path),
  ttl: z.optional(values.longDuration),
  target: z.optional(target),
})

/** One entry of `sites`. Its policy is read where policies are. */
export const siteEntry = z.strictObject({
  name: zoneName,
  publish: z.optional(z.unknown()),
  certificate_file: z.optional(values.path),
  certificate_key_file: z.optional(values.path),
  dns: z.optional(dns),
})

export type SiteEntry = z.output<typeof siteEntry>
export type DnsEntry = z.output<typeof dns>
