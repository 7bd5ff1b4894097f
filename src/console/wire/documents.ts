import { z } from 'zod'
import { plainData } from './plain-data.ts'
import { listQuery, pageOf, problem, wholeNumber, type Problem } from './common.ts'

// What routes and named policies have in common: where they are kept, who changed them, and what is wrong with them.

/** A mapping of keys to plain data, as the configuration file would have it. */
export const definition = z.record(z.string(), plainData)
export type Definition = z.output<typeof definition>

/** A fault or a warning; `path` is within the definition, such as `policy[0].allow.or[1]`, and may be empty. */
export const documentProblem = problem
export type DocumentProblem = Problem

/** What is in the file is changed there: here it can only be read. */
export const documentSource = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('store') }),
  z.strictObject({
    kind: z.literal('file'),
    /** Such as `routes.yaml:12`. */
    place: z.string(),
  }),
])
export type DocumentSource = z.output<typeof documentSource>

const tag = z.string().min(1).max(64)
export const tags = z.array(tag).max(32)

/** What every row of a list says of a route or a policy. */
export const documentRow = z.strictObject({
  id: z.string(),
  source: documentSource,
  /** False where it is disabled, at fault, or where the file has what it claims. */
  in_use: z.boolean(),
  disabled: z.boolean(),
  /** Why it is not in use, besides being disabled. */
  problems: z.array(documentProblem),
  warnings: z.array(documentProblem),
  /** That of its last change, to be named by whoever changes it; null for what is in the file. */
  revision: z.int().nullable(),
  tags,
  namespace: z.string().nullable(),
  updated_at: z.iso.datetime().nullable(),
  updated_by: z.string().nullable(),
})

/** What somebody may say of one. */
export const documentForm = z.strictObject({
  definition,
  disabled: z.boolean().optional(),
  tags: tags.optional(),
})

/** A word for the history. */
export const note = z.string().max(500).optional()

/** `POST /api/v1/routes` and `/policies`. */
export const createRequest = documentForm.extend({ note })
export type CreateRequest = z.output<typeof createRequest>

/** `PUT`: 409 `conflict`, with the current form, unless it is still as it was read. */
export const updateRequest = createRequest.extend({ revision: z.int().min(1) })
export type UpdateRequest = z.output<typeof updateRequest>

/** `POST …/check`: what would be said of it, and nothing is kept. */
export const checkRequest = z.strictObject({
  definition,
  /** That of one there is, which this would take the place of. */
  id: z.string().max(64).optional(),
})
export type CheckRequest = z.output<typeof checkRequest>

export const checkAnswer = z.strictObject({
  /** The one that it has, or would be given; null where that cannot be said. */
  id: z.string().nullable(),
  problems: z.array(documentProblem),
  warnings: z.array(documentProblem),
})
export type CheckAnswer = z.output<typeof checkAnswer>

/** `POST …/bulk`: all of them, or none. */
export const bulkRequest = z.strictObject({
  action: z.enum(['enable', 'disable', 'delete', 'tag', 'untag']),
  documents: z
    .array(z.strictObject({ id: z.string().max(64), revision: z.int().min(1) }))
    .min(1)
    .max(1000),
  /** For `tag` and `untag`. */
  tags: tags.optional(),
  note,
})
export type BulkRequest = z.output<typeof bulkRequest>

export const bulkAnswer = z.strictObject({
  /** Those that were not so before. */
  changed: z.array(z.string()),
})
export type BulkAnswer = z.output<typeof bulkAnswer>

export const documentChange = z.enum([
  'created',
  'updated',
  'disabled',
  'enabled',
  'tagged',
  'deleted',
  'restored',
  'imported',
])

/** A form as it was. */
export const keptForm = z.strictObject({ definition, disabled: z.boolean(), tags })
export type KeptForm = z.output<typeof keptForm>

export const historyEntry = z.strictObject({
  revision: z.int(),
  change: documentChange,
  at: z.iso.datetime(),
  by: z.string(),
  note: z.string(),
  /** Null where there was none, or is none since. */
  before: keptForm.nullable(),
  after: keptForm.nullable(),
})
export type HistoryEntry = z.output<typeof historyEntry>

/** `GET …/{id}/history`, newest first; also of what is deleted. */
export const historyAnswer = pageOf(historyEntry)
export type HistoryAnswer = z.output<typeof historyAnswer>

/** `POST …/{id}/restore`: gives it the form that it had after that change, also where it was deleted since. */
export const restoreRequest = z.strictObject({
  /** Of an entry of the history. */
  to: z.int().min(1),
  /** The one it has now; null where it is deleted. */
  revision: z.int().min(1).nullable(),
  note,
})
export type RestoreRequest = z.output<typeof restoreRequest>

/** `GET /api/v1/export` answers YAML with `policies` and `routes`, which a configuration file may hold. */
export const exportQuery = z.strictObject({
  source: z.enum(['store', 'all']).optional().describe('the stored ones without it'),
})

/** `POST /api/v1/import`: all of it, or nothing. */
export const importRequest = z.strictObject({
  /** YAML or JSON with `policies` and `routes`; other keys of a configuration file are passed over. */
  text: z.string().max(1_000_000),
  /** Names the text in problems, such as `routes.yaml`. */
  source: z.string().max(200).optional(),
  /** Only say what would change. */
  dry_run: z.boolean().optional(),
  /** Delete stored ones that the text has not. */
  prune: z.boolean().optional(),
  /** What a dry run answered: 409 `conflict` where something was changed since. */
  based_on: z.int().min(0).optional(),
  note,
})
export type ImportRequest = z.output<typeof importRequest>

export const importChange = z.strictObject({
  kind: z.enum(['route', 'policy']),
  id: z.string(),
  change: z.enum(['created', 'updated', 'deleted']),
  /** Unified, of the YAML before and after. */
  diff: z.string(),
})

export const importAnswer = z.strictObject({
  changes: z.array(importChange),
  unchanged: z.int().min(0),
  /** Whether it holds now. */
  applied: z.boolean(),
  /** The state of all stored routes and policies that this was judged by. */
  based_on: z.int().min(0),
  warnings: z.array(documentProblem),
})
export type ImportAnswer = z.output<typeof importAnswer>

export const historyQuery = z.strictObject(listQuery)

/** `GET …/{id}`: of one id there may be one in the file, and one that is stored and not in use. */
export const documentQuery = z.strictObject({
  source: z.enum(['file', 'store']).optional().describe('the one of the file, if any, without it'),
})

/** `DELETE …/{id}` */
export const deleteQuery = z.strictObject({
  revision: wholeNumber(1, Number.MAX_SAFE_INTEGER).describe('the one that was read'),
})
