import { z } from 'zod'
import { id, listQuery, moment, pageOf } from './common.ts'

/** A connector that is registered now. */
export const connector = z
  .strictObject({
    /** Names its process: another one after each start. */
    id: z.string(),
    /** The name of its named tunnel. */
    tunnel: z.string(),
    tunnel_id: z.string(),
    dialect: z.enum(['postern', 'cloudflared']),
    version: z.string(),
    arch: z.string(),
    /** Names that lead to the tunnel. */
    hostnames: z.array(z.string()),
    /** What it says it serves, `hostname` null for the catch-all; null where it has not said it. */
    services: z
      .array(z.strictObject({ hostname: z.string().nullable(), service: z.string() }))
      .nullable(),
    connections: z.array(
      z.strictObject({
        id: z.string(),
        index: z.int().min(0),
        /** The connector's address, as the gateway sees it. */
        ip: z.string(),
        since: moment,
        /** How many tunnels go through it now. */
        streams: z.int().min(0),
        /** Whether it takes further ones now. */
        ready: z.boolean(),
      }),
    ),
  })
  .meta({ id: 'Connector' })
export type ConnectorView = z.output<typeof connector>

/** `GET /api/v1/connectors`, by tunnel and id. */
export const connectorsQuery = z.strictObject({
  q: z.string().max(200).optional().describe('part of an id, tunnel, host name or address'),
  ...listQuery,
})
export const connectorsAnswer = pageOf(connector)
export type ConnectorsAnswer = z.output<typeof connectorsAnswer>

/** `POST /api/v1/connectors/cut` and `…/drain`: one, or all of a named tunnel, by its name or id. */
export const whichConnectors = z.union([z.strictObject({ id }), z.strictObject({ tunnel: id })])
export type WhichConnectors = z.output<typeof whichConnectors>

/** Their ids. */
export const connectorsCutAnswer = z.strictObject({ cut: z.array(z.string()) })
export const connectorsDrainedAnswer = z.strictObject({ drained: z.array(z.string()) })

/** A name by which connectors register and routes reach them. */
export const namedTunnel = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    /** The site below which its host names are. */
    site: z.string(),
    created_by: z.string(),
    created_at: moment,
    hostnames: z.array(z.string()),
    /** How many connectors are registered now. */
    connectors: z.int().min(0),
  })
  .meta({ id: 'NamedTunnel' })
export type NamedTunnelView = z.output<typeof namedTunnel>

/** `GET /api/v1/named-tunnels`, by name. */
export const namedTunnelsQuery = z.strictObject({
  q: z.string().max(200).optional().describe('part of a name, site or host name'),
  ...listQuery,
})
export const namedTunnelsAnswer = pageOf(namedTunnel)
export type NamedTunnelsAnswer = z.output<typeof namedTunnelsAnswer>

/** `POST /api/v1/named-tunnels`. */
export const newNamedTunnel = z.strictObject({ name: id, site: id })
export type NewNamedTunnelView = z.output<typeof newNamedTunnel>

/** `DELETE /api/v1/named-tunnels/{tunnel}`: one by its name or id, `force=true` although it is used. */
export const byTunnel = z.strictObject({ tunnel: id })
export const namedTunnelDeletion = z.strictObject({ force: z.enum(['true', 'false']).optional() })
export const namedTunnelDeleted = z.strictObject({
  /** Its id. */
  deleted: z.string(),
  /** Hosts of routes that lead nowhere without it. */
  routes: z.array(z.string()),
  /** What is left to do by hand. */
  notices: z.array(z.string()),
})
export type NamedTunnelDeletedView = z.output<typeof namedTunnelDeleted>

/** `GET /api/v1/sites`. */
export const sitesAnswer = z.strictObject({ sites: z.array(z.string()) })
export type SitesAnswer = z.output<typeof sitesAnswer>

/** What the token of a named tunnel is made of, at the only moment it is shown. */
export const namedTunnelSecrets = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    /** Base64. */
    secret: z.string(),
    account_tag: z.string(),
    grant_keys: z.array(
      z.strictObject({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string() }),
    ),
    /** All of it as one word, for `postern tunnel run --token`; null where the gateway has no address of its own. */
    token: z.string().nullable(),
  })
  .meta({ id: 'NamedTunnelSecrets' })
export type NamedTunnelSecretsView = z.output<typeof namedTunnelSecrets>

/** A credential of somebody who may publish. */
export const publisher = z
  .strictObject({
    id: z.string(),
    site: z.string(),
    /** An email address, or a user id. */
    user: z.string(),
    user_id: z.string(),
    /** What the machine that has it calls itself. */
    host: z.string(),
    state: z.enum(['active', 'revoked', 'expired']),
    issued_at: moment,
    expires_at: moment,
  })
  .meta({ id: 'Publisher' })
export type PublisherView = z.output<typeof publisher>

/** `GET /api/v1/publishers`, newest first. */
export const publishersQuery = z.strictObject({
  q: z.string().max(200).optional().describe('part of a person, site or host'),
  ...listQuery,
})
export const publishersAnswer = pageOf(publisher)
export type PublishersAnswer = z.output<typeof publishersAnswer>

/** `DELETE /api/v1/publishers?who=`: one by its id, or all of a person by email address or user id. */
export const revokePublishersQuery = z.strictObject({ who: id })
