import type { DocumentLimits } from '../store/access-document-store.ts'

/** @limit stored routes and policies: 409 `too_many_documents` */
const maxDocuments = 5_000
/** @limit bytes of all stored routes and policies: 409 `too_many_documents` */
const maxBytes = 32 * 1024 * 1024
/** @limit none: changes of one route or policy that its history keeps, the newest */
const maxHistoryPerDocument = 100
/** @limit none: changes that the history keeps of all, the newest */
const maxHistory = 20_000
/** @limit none: bytes of the forms before and after that the history keeps of all, those of the newest changes */
const maxHistoryBytes = 256 * 1024 * 1024

export const documentLimits: DocumentLimits = {
  maxDocuments,
  maxBytes,
  maxHistoryPerDocument,
  maxHistory,
  maxHistoryBytes,
}

/** @limit bytes of one stored route or policy, as JSON: 422 */
export const maxDocumentBytes = 64 * 1024
