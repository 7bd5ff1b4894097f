import { z } from 'zod'
import { plainData } from './plain-data.ts'
import { proposedChange } from './reach.ts'
import { outcome, policyTrace } from './trace.ts'

const name = z.string().min(1).max(320)
const moment = z.iso.datetime({ offset: true })
const ipAddress = z.union([z.ipv4(), z.ipv6()], { error: 'must be an IP address' })

/** A certificate that a client would show. */
export const triedCertificate = z.strictObject({
  /** Whether the gateway trusts it; it does without this. */
  valid: z.boolean().optional(),
  /** SHA-256, 64 hexadecimal digits, with or without colons. */
  fingerprint: z.string().max(100).optional(),
  spki_hash: z.string().max(100).optional(),
  dns_names: z.array(z.string().max(255)).max(100).optional(),
  email_addresses: z.array(z.string().max(320)).max(100).optional(),
  uris: z.array(z.string().max(2000)).max(100).optional(),
})

/** What would be decided for somebody; without `person` and `service_account`, for somebody who is not signed in. */
export const tryRequest = z.strictObject({
  /** An email address or a user id: what is known of them by their last session and the directory. */
  person: name.optional(),
  /** Instead of the one that is known. */
  user_id: name.optional(),
  service_account: name.optional(),
  /** The id of the provider that they have signed in with, instead of the one that is known. */
  provider: z.string().max(32).optional(),
  /** Instead of those that are known. */
  groups: z.array(name).max(1000).optional(),
  claims: z.record(z.string().max(200), plainData).optional(),
  email_verified: z.boolean().optional(),
  /** Id or name of a route, or the host:port that it answers to. */
  route: z.string().min(1).max(300),
  /** Now without it. */
  at: moment.optional(),
  /** An address that is in no network without it. */
  ip: ipAddress.optional(),
  /** None without it. */
  certificate: triedCertificate.optional(),
  /** Changes that are only thought of: it is judged as if they were made. 422 for those that could not be saved. */
  changes: z.array(proposedChange).max(10).optional(),
})
export type TryRequest = z.output<typeof tryRequest>

export const routeName = z.strictObject({ id: z.string(), name: z.string(), from: z.string() })

/** Whoever it was judged for. */
export const triedSubject = z.strictObject({
  kind: z.enum(['person', 'service-account', 'nobody']),
  user_id: z.string().nullable(),
  /** Null where it is not known. */
  provider: z.string().nullable(),
  email: z.string().nullable(),
  email_verified: z.boolean(),
  groups: z.array(z.string()),
})

/** `POST /api/v1/try`; 404 for a route that is not there. */
export const tryAnswer = z.strictObject({
  outcome,
  /** Of the side that decided. */
  reasons: z.array(z.string()),
  /** Whether they may do nothing here, whatever the policy says: the trace is what it says all the same. */
  blocked: z.boolean(),
  route: routeName,
  who: triedSubject,
  at: z.iso.datetime(),
  ip: z.string(),
  /** When the decision could come out otherwise by the time alone; null for never. */
  valid_until: z.iso.datetime().nullable(),
  /** What was taken for granted because nobody said it and nothing is known of it: sentences. */
  assumed: z.array(z.string()),
  trace: policyTrace,
})
export type TryAnswer = z.output<typeof tryAnswer>

/** Somebody who is known: by a session, the directory file, or as a service account. */
export const knownCaller = z.strictObject({
  kind: z.enum(['person', 'service-account']),
  /** An email address, or an id. */
  who: z.string(),
  user_id: z.string().nullable(),
  name: z.string().nullable(),
  /** Whether anything is known of them besides the directory: without a session, nobody knows their claims. */
  known_by: z.enum(['session', 'directory', 'service-account']),
})

const listQuery = z.strictObject({
  outcome: z.enum(['allow', 'all']).optional().describe('only those who may, without it'),
  at: moment.optional().describe('now without it'),
  ip: ipAddress.optional().describe('an address that is in no network without it'),
  limit: z.coerce.number().int().min(1).max(500).optional(),
  cursor: z.string().max(800).optional(),
})

/** `GET /api/v1/who-can/{route}`: over everybody who is known, each judged with a valid client certificate. */
export const whoCanQuery = listQuery
export type WhoCanQuery = z.output<typeof whoCanQuery>

export const whoCanAnswer = z.strictObject({
  route: routeName,
  items: z.array(z.strictObject({ ...knownCaller.shape, outcome, reasons: z.array(z.string()) })),
  next_cursor: z.string().nullable(),
  /** How many are known. */
  total: z.int().min(0),
  /** Whether somebody who is not signed in may as well. */
  everybody: z.boolean(),
  assumed: z.array(z.string()),
})
export type WhoCanAnswer = z.output<typeof whoCanAnswer>

/** `GET /api/v1/what-can/{person}`: an email address, a user id, or the id of a service account. */
export const whatCanQuery = listQuery
export type WhatCanQuery = z.output<typeof whatCanQuery>

export const whatCanAnswer = z.strictObject({
  who: triedSubject,
  items: z.array(z.strictObject({ route: routeName, outcome, reasons: z.array(z.string()) })),
  next_cursor: z.string().nullable(),
  /** How many routes there are. */
  total: z.int().min(0),
  assumed: z.array(z.string()),
})
export type WhatCanAnswer = z.output<typeof whatCanAnswer>
