import { z } from 'zod'
import { parseAuthority } from '../address.ts'
import { printable } from '../terminal-text.ts'
import { gatewayPaths } from './paths.ts'

// What publishers ask a gateway for, with `Authorization: Bearer ID.SECRET`: GET, or POST of a form, under
// `/.postern/v1/publish/`; the answers are JSON, a "no" is a refusal (`refusal.ts`).

/** Short, and harmless on a terminal. */
const text = z.string().transform(printable)
const hostname = z.string().regex(/^[a-z0-9._-]{1,253}$/)
const time = z.iso.datetime()

const record = z.object({
  name: hostname,
  type: z.enum(['CNAME', 'A', 'AAAA']),
  value: text,
})

const recordState = z.object({
  /** `assumed`: this gateway writes none, and somebody else has to. */
  state: z.enum(['written', 'assumed', 'failed']),
  records: z.array(record).max(100),
  /** Where it failed. */
  message: text.optional(),
  next: text.optional(),
})

const connection = z.object({
  connector_id: text,
  version: text,
  ip: text,
  since: time,
})

const tunnel = z.object({
  id: z.uuid(),
  name: text,
  site: text,
  created_by: text,
  created_at: time,
  hostnames: z.array(hostname).max(1000),
  connections: z.array(connection).max(10_000),
})

const grantKey = z.object({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z.base64url().length(43),
})

const secrets = z.object({
  id: z.uuid(),
  name: text,
  /** 32 bytes. */
  secret: z.base64().transform((value) => Buffer.from(value, 'base64')),
  account_tag: z.string().regex(/^[0-9a-f]{32}$/),
  grant_keys: z.array(grantKey).min(1),
  /** PEM of the authority that stock connectors are to trust. */
  connector_ca: z.string().max(65_536).optional(),
})

const published = z.object({ id: z.uuid(), name: text, hostname, record: recordState })

/** The answers, by what was asked for. */
export const publishAnswers = {
  list: z.object({ tunnels: z.array(tunnel).max(20_000) }),
  info: tunnel,
  create: secrets,
  token: secrets,
  delete: z.object({
    records: z.array(recordState).max(1000),
    /** Hosts whose routes lead nowhere now; an older gateway says nothing of them. */
    routes: z.array(text).max(100).default([]),
  }),
  addHostname: published,
  removeHostname: published,
} as const

type Answers = typeof publishAnswers
export type PublishAnswer<Kind extends keyof Answers> = z.output<Answers[Kind]>
/** As it is written. */
export type PublishAnswerJson<Kind extends keyof Answers> = z.input<Answers[Kind]>

export type TunnelJson = PublishAnswer<'info'>
export type RecordStateJson = z.output<typeof recordState>

/** Fields of the forms. */
export const publishFields = {
  name: 'name',
  hostname: 'hostname',
  force: 'force',
  rotate: 'rotate',
  /** What stock connectors of it are to serve, such as `tcp://localhost:7870`. */
  service: 'service',
} as const

const tunnels = `${gatewayPaths.publish}tunnels`

/** Where each is asked; a name or id becomes one segment. */
export const publishPaths = {
  tunnels,
  tunnel: (nameOrId: string) => `${tunnels}/${encodeURIComponent(nameOrId)}`,
  delete: (nameOrId: string) => `${tunnels}/${encodeURIComponent(nameOrId)}/delete`,
  token: (nameOrId: string) => `${tunnels}/${encodeURIComponent(nameOrId)}/token`,
  hostnames: (nameOrId: string) => `${tunnels}/${encodeURIComponent(nameOrId)}/hostnames`,
  removeHostname: (nameOrId: string) =>
    `${tunnels}/${encodeURIComponent(nameOrId)}/hostnames/delete`,
} as const

/** Whether stock connectors can be told to serve it: bytes to a host and port. */
export function isStockService(text: string): boolean {
  const [, authority] = /^(?:tcp|ssh|rdp|smb):\/\/([^/?#@]+)$/.exec(text) ?? []
  return authority !== undefined && parseAuthority(authority) !== undefined
}
