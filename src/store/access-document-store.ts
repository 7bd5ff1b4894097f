import type { Stored } from './stored.ts'

/** A route or a named policy beside the configuration file. */
export interface AccessDocumentRecord {
  readonly kind: 'route' | 'policy'
  /** Unique within its kind. */
  readonly id: string
  /** JSON: an object with the keys of the file. */
  readonly body: string
  readonly isDisabled: boolean
  readonly tags: readonly string[]
  readonly updatedAtMs: number
  /** Who wrote it last, as lists name them: an email address, a service account's id, or `local`. */
  readonly updatedBy: string
}

/** What somebody may change of a document. */
export type DocumentForm = Pick<AccessDocumentRecord, 'body' | 'isDisabled' | 'tags'>

/** What was done to a document, as its history tells it. */
export type DocumentChange =
  | 'created'
  | 'updated'
  | 'disabled'
  | 'enabled'
  | 'tagged'
  | 'deleted'
  | 'restored'
  | 'imported'

/** One document of a write. */
export interface DocumentWrite extends Pick<AccessDocumentRecord, 'kind' | 'id'> {
  readonly change: DocumentChange
  /** The revision that was read; undefined where there was none. */
  readonly expected: number | undefined
  /** Undefined deletes it. */
  readonly form: DocumentForm | undefined
}

/** Who writes, and what they have judged it by. */
export interface DocumentAuthor {
  readonly by: string
  readonly atMs: number
  /** A word for the history; empty for none. */
  readonly note: string
  /** The revision of all documents that the write was checked against, as `list` answers it. */
  readonly basedOn: number
}

/** How much is kept. */
export interface DocumentLimits {
  readonly maxDocuments: number
  /** Of all bodies together, in bytes of UTF-8. */
  readonly maxBytes: number
  /** Changes that are remembered of one document, the newest; at least 1. */
  readonly maxHistoryPerDocument: number
  /** Of all together; at least 1. */
  readonly maxHistory: number
  /** Of all changes that are remembered, what was before and after, in bytes of UTF-8; the newest is always kept. */
  readonly maxHistoryBytes: number
}

/** `moved`: another write came between, of any document: check again. `overtaken`: of one of these. */
export type DocumentOutcome =
  | { readonly outcome: 'written'; readonly revision: number }
  | { readonly outcome: 'moved' }
  | { readonly outcome: 'full' }
  | { readonly outcome: 'overtaken'; readonly overtaken: Pick<DocumentWrite, 'kind' | 'id'> }

/** One change, as it was. */
export interface DocumentHistoryEntry extends Pick<AccessDocumentRecord, 'kind' | 'id'> {
  /** That of the write. */
  readonly revision: number
  readonly change: DocumentChange
  /** Undefined where there was none, or there is none since. */
  readonly before: DocumentForm | undefined
  readonly after: DocumentForm | undefined
  readonly atMs: number
  readonly by: string
  readonly note: string
}

/** All documents at one moment. */
export interface DocumentList {
  /** By kind and id. */
  readonly documents: readonly Stored<AccessDocumentRecord>[]
  /** That of the last write of any document, of one that is deleted too; 0 before the first. */
  readonly revision: number
}

/** Stored routes and policies with their history. Each document that is written is a change of the feed. */
export interface AccessDocumentStore {
  list(): Promise<DocumentList>
  /**
   * Writes all of these documents, each once, or nothing. What it was checked against still holds then: whoever
   * has read the documents, judged a change beside all others and writes it is refused where one of them moved.
   */
  write(
    writes: readonly DocumentWrite[],
    author: DocumentAuthor,
    limits: DocumentLimits,
  ): Promise<DocumentOutcome>
  /** Newest first; those before a revision, or the newest. Of one that is deleted too. */
  history(
    document: Pick<AccessDocumentRecord, 'kind' | 'id'>,
    maxEntries: number,
    beforeRevision?: number,
  ): Promise<readonly DocumentHistoryEntry[]>
}
