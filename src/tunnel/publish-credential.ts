import { z } from 'zod'
import { SystemError } from '../errors.ts'

/** What `~/.postern/cert.pem` holds: who may publish to which site of which gateway. It opens no service. */
export interface PublishCredential {
  /** `https://HOST[:PORT]`. */
  readonly gateway: string
  readonly site: string
  readonly id: string
  /** A secret. */
  readonly secret: string
  /** RFC 3339. */
  readonly expires: string
  /** PEM of the authorities that the gateway's certificate is from, where the world does not know them. */
  readonly ca?: string | undefined
}

const schema = z.object({
  gateway: z.string().startsWith('https://'),
  site: z.string().min(1),
  id: z.string().min(1),
  secret: z.string().min(1),
  expires: z.iso.datetime(),
  ca: z.string().optional(),
})

const label = 'POSTERN PUBLISH CREDENTIAL'
const block = new RegExp(`-----BEGIN ${label}-----([A-Za-z0-9+/=\\s]+)-----END ${label}-----`)

/** The text of the file: one PEM block (RFC 7468) over JSON. */
export function encodePublishCredential(credential: PublishCredential): string {
  const base64 = Buffer.from(JSON.stringify(credential)).toString('base64')
  const lines = base64.match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}

/**
 * Reads the text of such a file; `source` names it.
 *
 * @throws SystemError `invalid-publish-credential`, which shows nothing of its content
 */
export function decodePublishCredential(text: string, source: string): PublishCredential {
  const base64 = block.exec(text)?.[1] ?? ''
  const read = schema.safeParse(parseJson(Buffer.from(base64, 'base64').toString()))
  if (read.success) return read.data
  const isCloudflares = /ARGO TUNNEL TOKEN|BEGIN CERTIFICATE/.test(text)
  const what = isCloudflares ? 'is for Cloudflare' : 'is not a publish credential'
  throw new SystemError('invalid-publish-credential', `"${source}" ${what}`, {
    hint: 'make one with "postern tunnel login --overwrite"',
  })
}

/** As it stands in `Authorization: Bearer` (RFC 6750). */
export function bearerOf({ id, secret }: Pick<PublishCredential, 'id' | 'secret'>): string {
  return `${id}.${secret}`
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
