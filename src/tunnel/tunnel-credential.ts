import { z } from 'zod'
import { SystemError } from '../errors.ts'

/** The public half of a key that signs grants: Ed25519 as a JWK (RFC 8037). */
export interface GrantKey {
  readonly kty: 'OKP'
  readonly crv: 'Ed25519'
  /** 32 bytes, base64url. */
  readonly x: string
}

/** What makes a process a connector of one named tunnel. Whoever has it can be one. */
export interface TunnelCredential {
  /** Says nothing here; stock connectors send it along. */
  readonly accountTag: string
  /** A UUID, in lower case. */
  readonly tunnelId: string
  /** 32 bytes. A secret. */
  readonly secret: Buffer
  /** `https://HOST[:PORT]`. */
  readonly gateway: string
  /** Whose grants are believed. */
  readonly grantKeys: readonly GrantKey[]
  /** PEM of the authorities that the gateway's certificate is from, where the world does not know them. */
  readonly ca?: string | undefined
}

const secretBytes = 32

const grantKey = z.object({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z.base64url().length(43),
})

const tunnelId = z.guid().toLowerCase()

const secret = z
  .base64()
  .transform((text) => Buffer.from(text, 'base64'))
  .refine((bytes) => bytes.length === secretBytes)

/** The keys of a token; stock connectors read the first three and leave the rest alone. */
const tokenSchema = z.object({
  a: z.string(),
  t: tunnelId,
  s: secret,
  g: z.string(),
  k: z.array(grantKey).min(1),
  ca: z.string().optional(),
})

const fileSchema = z.object({
  AccountTag: z.string(),
  TunnelSecret: secret,
  TunnelID: tunnelId,
  Gateway: z.string(),
  GrantKeys: z.array(grantKey).min(1),
  CA: z.string().optional(),
})

/**
 * Longest token, in characters: one with a chain of authorities is some thousands.
 *
 * @limit a token of a named tunnel: it is refused
 */
const maxTokenChars = 256 * 1024

/** The form in which a credential is one word: base64 of JSON. */
export function encodeTunnelToken(credential: TunnelCredential): string {
  const { accountTag: a, tunnelId: t, gateway: g, grantKeys: k, ca } = credential
  const json = { a, t, s: credential.secret.toString('base64'), g, k, ca }
  return Buffer.from(JSON.stringify(json)).toString('base64')
}

/**
 * Reads a token as `postern tunnel token` prints it; white space around it is left out.
 *
 * @throws SystemError `invalid-tunnel-token`, which never shows it
 */
export function decodeTunnelToken(token: string, source = 'the token'): TunnelCredential {
  const text = token.trim()
  const json = text.length > maxTokenChars ? '' : Buffer.from(text, 'base64').toString()
  const value = parseJson(json)
  const read = tokenSchema.safeParse(value)
  if (!read.success) throw unusable(source, has(value, ['a', 't', 's']) && !has(value, ['g']))
  const { a, t, s, g, k, ca } = read.data
  return { accountTag: a, tunnelId: t, secret: s, gateway: g, grantKeys: k, ca }
}

/** The text of a credentials file: JSON, in cloudflared's words where it has some. */
export function encodeCredentialsFile(credential: TunnelCredential): string {
  const json = {
    AccountTag: credential.accountTag,
    TunnelSecret: credential.secret.toString('base64'),
    TunnelID: credential.tunnelId,
    Gateway: credential.gateway,
    GrantKeys: credential.grantKeys,
    CA: credential.ca,
  }
  return `${JSON.stringify(json)}\n`
}

/**
 * Reads the text of a credentials file; `source` names the file.
 *
 * @throws SystemError `invalid-tunnel-token`, which shows nothing of its content
 */
export function decodeCredentialsFile(text: string, source: string): TunnelCredential {
  const value = parseJson(text)
  const read = fileSchema.safeParse(value)
  const ofCloudflare = has(value, ['TunnelSecret', 'TunnelID']) && !has(value, ['Gateway'])
  if (!read.success) throw unusable(source, ofCloudflare)
  const { data } = read
  return {
    accountTag: data.AccountTag,
    tunnelId: data.TunnelID,
    secret: data.TunnelSecret,
    gateway: data.Gateway,
    grantKeys: data.GrantKeys,
    ca: data.CA,
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function has(value: unknown, keys: readonly string[]): boolean {
  return typeof value === 'object' && value !== null && keys.every((key) => key in value)
}

function unusable(source: string, isOfCloudflare: boolean): SystemError {
  const what = isOfCloudflare
    ? `${source} is for Cloudflare: it names no gateway`
    : `${source} is not the credential of a named tunnel`
  return new SystemError('invalid-tunnel-token', what, {
    hint: '"postern tunnel token NAME" prints one',
  })
}
