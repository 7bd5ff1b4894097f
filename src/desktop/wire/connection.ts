import { z } from 'zod'

// Nothing but zod is imported in `wire/`: the window takes its types from here.

/** @limit a text of a saved connection, in characters: a fault at its field */
const maxTextChars = 4_096
/** @limit a certificate or key that is pasted into a saved connection, in characters: a fault at its field */
const maxPemChars = 256 * 1024
/** @limit the name of a saved connection, in UTF-16 units: a fault at its field */
export const maxNameChars = 200
/** @limit tags of one saved connection: a fault at its field */
export const maxTags = 32

const text = z.string().trim().min(1).max(maxTextChars)
const pem = z.string().min(1).max(maxPemChars)

/** Which certificate of the system's own store to show: Pomerium Desktop's filters, `CN=…`. */
const certificateFilter = z.strictObject({
  issuer: z.string().max(maxTextChars).optional(),
  subject: z.string().max(maxTextChars).optional(),
})

/**
 * What a person says of a connection; the same keys in the file, in a team's YAML and in the API. What each text
 * holds is checked by `connections/check-connection.ts`.
 */
export const connectionSettings = z.strictObject({
  name: z.string().trim().min(1).max(maxNameChars),
  /** A connection by UDP is kept and shown, and cannot be up. */
  protocol: z.enum(['tcp', 'udp']).default('tcp'),
  /** As `postern tcp` takes it: `host:port`, `tcp+https://host:port`, `https://gateway/host:port`. */
  destination: text,
  /** `HOST:PORT`, `:PORT`, `unix:PATH`; undefined for an address of its own that stays the same. */
  listen: text.optional(),
  /** The gateway, where it is not at the destination's own host. */
  gateway: text.optional(),
  disable_tls_verification: z.boolean().default(false),
  /** Further certificate authorities: a file of PEM, or PEM itself. */
  ca_file: text.optional(),
  ca_cert: pem.optional(),
  /** What the gateway is shown: files of PEM, or PEM itself. */
  client_cert_file: text.optional(),
  client_key_file: text.optional(),
  client_cert: pem.optional(),
  client_key: pem.optional(),
  /** Kept for whoever exports it again; a connection that needs it says that it cannot be had. */
  client_cert_from_store: certificateFilter.optional(),
  tags: z.array(z.string().trim().min(1).max(100)).max(maxTags).default([]),
  start_at_launch: z.boolean().default(false),
  /** The route of a gateway that it was made from: `route:GATEWAY#ID`, or whatever another program wrote. */
  source: z.string().max(maxTextChars).optional(),
})
export type ConnectionSettings = z.output<typeof connectionSettings>
/** The same as somebody may write it: what has a default can be left out. */
export type ConnectionInput = z.input<typeof connectionSettings>

/** A connection as it is kept. */
export const savedConnection = connectionSettings.extend({
  id: z.string().regex(/^[a-z0-9-]{1,64}$/),
  /** Its own local address, `HOST:PORT`: given to it once, used while `listen` is undefined. */
  address: z.string().max(100).optional(),
})
export type SavedConnection = z.output<typeof savedConnection>
