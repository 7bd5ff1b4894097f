import { z } from 'zod'
import type { Definition } from '../catalog/document-form.ts'
import type { DocumentChange } from '../store/access-document-store.ts'

// What the operations on routes and policies take and answer: plain data, as `protocol.ts` has it for the others.

export interface DocumentProblem {
  /** Within the definition, such as `policy[0].allow.or[1]`. */
  readonly path: string
  readonly message: string
  readonly hint?: string
}

/** What every route and policy is shown with. Times are RFC 3339. */
export interface DocumentSummary {
  readonly id: string
  readonly source: { readonly kind: 'store' } | { readonly kind: 'file'; readonly place: string }
  readonly in_use: boolean
  readonly disabled: boolean
  readonly problems: readonly DocumentProblem[]
  readonly warnings: readonly DocumentProblem[]
  /** Null for what is in the file. */
  readonly revision: number | null
  readonly tags: readonly string[]
  readonly namespace: string | null
  readonly updated_at: string | null
  readonly updated_by: string | null
}

export interface RouteSummary extends DocumentSummary {
  readonly name: string
  readonly description: string
  readonly from: string
  readonly to: readonly string[]
  readonly application: boolean
  readonly listed: boolean
  readonly policy_names: readonly string[]
  /** Open now. */
  readonly tunnels: number
}

export interface RouteDetails extends RouteSummary {
  readonly definition: Definition
  /** Keys that are left out for their secrets. */
  readonly hidden: readonly string[]
}

export interface PolicySummary extends DocumentSummary {
  readonly form: 'policy' | 'policies'
  readonly explanation: string
  readonly remediation: string
  readonly used_by: readonly string[]
}

export interface PolicyDetails extends PolicySummary {
  readonly definition: Definition
}

export interface DocumentPage<Item> {
  readonly items: readonly Item[]
  readonly next_cursor: string | null
  readonly total: number
}

const name = z.string().max(256)
const text = z.string().max(200)
const revision = z.int().min(1)
const tags = z.array(z.string().max(200)).max(100)
/** @limit characters of a note to a change of routes: 400 `malformed_request` */
const maxNoteChars = 500
const note = z.string().max(maxNoteChars).default('')
/** @limit routes or policies that one request changes: 400 `malformed_request` */
const maxDocumentsAtOnce = 1_000
/** @limit routes or policies in one answer: 400 `malformed_request` */
const maxPerPage = 500
const defaultPerPage = 100

/** Its keys are for those who read it to judge. */
const definition = z.custom<Definition>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
)

export const documentId = name.min(1)

export const listInput = z.strictObject({
  q: text.optional(),
  source: z.enum(['file', 'store']).optional(),
  tag: text.optional(),
  /** Of routes: a policy that they name. */
  policy: text.optional(),
  state: z.enum(['in-use', 'disabled', 'problem']).optional(),
  limit: z.int().min(1).max(maxPerPage).default(defaultPerPage),
  cursor: z.string().max(500).optional(),
})
export type DocumentQuery = z.input<typeof listInput>

export const getInput = z.strictObject({ source: z.enum(['file', 'store']).optional() })
export type DocumentGet = z.input<typeof getInput>

const keeping = { disabled: z.boolean().optional(), tags: tags.optional(), note }

export const createInput = z.strictObject({ definition, ...keeping })
export type DocumentCreation = z.input<typeof createInput>

export const updateInput = z.strictObject({ definition, revision, ...keeping })
export type DocumentUpdate = z.input<typeof updateInput>

export const checkInput = z.strictObject({ definition, id: name.optional() })
export type DocumentToCheck = z.input<typeof checkInput>

export interface DocumentCheck {
  readonly id: string | null
  readonly problems: readonly DocumentProblem[]
  readonly warnings: readonly DocumentProblem[]
}

export const deleteInput = z.strictObject({ revision, note })
export type DocumentDeletion = z.input<typeof deleteInput>

export const bulkInput = z.strictObject({
  action: z.enum(['enable', 'disable', 'delete', 'tag', 'untag']),
  documents: z
    .array(z.strictObject({ id: name, revision }))
    .min(1)
    .max(maxDocumentsAtOnce),
  tags: tags.optional(),
  note,
})
export type DocumentBulk = z.input<typeof bulkInput>

export interface DocumentsChanged {
  readonly changed: readonly string[]
}

export const historyInput = z.strictObject({
  limit: z.int().min(1).max(maxPerPage).default(defaultPerPage),
  cursor: z
    .string()
    .regex(/^\d{1,15}$/)
    .optional(),
})
export type HistoryQuery = z.input<typeof historyInput>

export interface KeptForm {
  readonly definition: Definition
  readonly disabled: boolean
  readonly tags: readonly string[]
}

export interface HistoryEntry {
  readonly revision: number
  readonly change: DocumentChange
  readonly at: string
  readonly by: string
  readonly note: string
  readonly before: KeptForm | null
  readonly after: KeptForm | null
}

export interface HistoryPage {
  readonly items: readonly HistoryEntry[]
  readonly next_cursor: string | null
}

export const restoreInput = z.strictObject({ to: revision, revision: revision.nullable(), note })
export type DocumentRestore = z.input<typeof restoreInput>

export const exportInput = z.strictObject({ source: z.enum(['store', 'all']).default('store') })
export type AccessExportQuery = z.input<typeof exportInput>

/** YAML. */
export interface AccessExport {
  readonly text: string
}

/** @limit characters of routes and policies that are imported at once: 400 `malformed_request` */
const maxImportChars = 1_000_000

export const importInput = z.strictObject({
  text: z.string().max(maxImportChars),
  source: text.default('import'),
  dry_run: z.boolean().default(false),
  prune: z.boolean().default(false),
  based_on: z.int().min(0).optional(),
  note,
})
export type AccessImport = z.input<typeof importInput>

export interface ImportedChange {
  readonly kind: 'route' | 'policy'
  readonly id: string
  readonly change: 'created' | 'updated' | 'deleted'
  /** Unified, of the YAML before and after. */
  readonly diff: string
}

export interface ImportOutcome {
  readonly changes: readonly ImportedChange[]
  readonly unchanged: number
  readonly applied: boolean
  readonly based_on: number
  readonly warnings: readonly DocumentProblem[]
}
