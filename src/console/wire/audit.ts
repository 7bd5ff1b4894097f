import { z } from 'zod'
import { listQuery, moment } from './common.ts'
import { plainData } from './plain-data.ts'

export const auditKind = z.enum([
  'sign-in',
  'session',
  'decision',
  'tunnel',
  'cut',
  'grant',
  'admin',
  'audit',
])
export type AuditKind = z.output<typeof auditKind>

/** Each series is a chain of its own: who did what, what was decided, and what strangers caused. */
export const auditSeries = z.enum(['people', 'decisions', 'strangers'])
export type AuditSeries = z.output<typeof auditSeries>

/** What came of it, where it was a question: of a policy, a sign-in, a tunnel that was cut. */
export const auditOutcome = z.enum(['allowed', 'refused', 'failed', 'cut'])
export type AuditOutcome = z.output<typeof auditOutcome>

const search = {
  /** From then on, and up to but not at then. */
  since: moment.optional(),
  until: moment.optional(),
  kind: auditKind.optional(),
  series: auditSeries.optional(),
  outcome: auditOutcome.optional(),
  /** As the record has it, whole: `signed in`. */
  event: z.string().max(200).optional(),
  /** An email address (without case), a user id or the id of a service account, whole. */
  who: z.string().max(320).optional(),
  /** The id or the name of a route, whole. */
  route: z.string().max(300).optional(),
  ip: z.string().max(45).optional(),
  request_id: z.string().max(100).optional(),
  /** A part of any of these, without case. */
  q: z.string().max(200).optional(),
} as const

/** `GET /api/v1/audit`, newest first. */
export const auditQuery = z.strictObject({ ...search, ...listQuery })
export type AuditQuery = z.input<typeof auditQuery>

/** `GET /api/v1/audit.csv` and `.jsonl`: everything that fits. */
export const auditExportQuery = z.strictObject(search)

export const auditRecord = z.strictObject({
  series: auditSeries,
  /** From 1, in its series. */
  seq: z.int().min(1),
  time: moment,
  kind: auditKind,
  event: z.string(),
  /** The email address, the user id, or the service account; null for a stranger and for the gateway itself. */
  who: z.string().nullable(),
  ip: z.string().nullable(),
  route: z.string().nullable(),
  route_id: z.string().nullable(),
  request_id: z.string().nullable(),
  outcome: auditOutcome.nullable(),
  /** Everything that was kept, as it stands in the file; null where the file has lost it since. */
  record: z.record(z.string(), plainData).nullable(),
})
export type AuditRecord = z.output<typeof auditRecord>

export const auditPage = z.strictObject({
  items: z.array(auditRecord),
  /** Null on the last page. */
  next_cursor: z.string().nullable(),
  /** False while records of before the last start are being read in: there may be more. */
  is_complete: z.boolean(),
})
export type AuditPage = z.output<typeof auditPage>

/** `GET /api/v1/audit/checkpoint`: what is to be kept elsewhere. */
export const auditCheckpoint = z.strictObject({
  /** A C2SP signed note, as `postern audit verify --checkpoint` takes it; null before the first one. */
  note: z.string().nullable(),
  time: moment.nullable(),
  series: z.array(z.strictObject({ name: z.string(), records: z.int().min(0), hash: z.string() })),
  /** The public keys that sign, that of the current one first, as `--key` takes them. */
  keys: z.array(z.string()),
})
export type AuditCheckpoint = z.output<typeof auditCheckpoint>
