import { isObject } from '../policy/place.ts'
import type { Json } from '../routes/definition.ts'
import type { AccessDocumentRecord } from '../store/access-document-store.ts'
import type { Stored } from '../store/store.ts'
import type { AccessDocument } from './document.ts'

/** A document of the store; `fault` where what is kept cannot be read, whoever wrote it. */
export interface ReadDocument {
  readonly document: AccessDocument
  readonly fault: string | undefined
}

/** Reads a document. What was changed from outside, or by a later release, is told and never thrown. */
export function readDocument({ body, ...record }: Stored<AccessDocumentRecord>): ReadDocument {
  const read = (keys: AccessDocument['body'], fault?: string): ReadDocument => ({
    document: { ...record, body: keys },
    fault,
  })
  try {
    const value: unknown = JSON.parse(body)
    if (isObject(value)) return read(value as { readonly [key: string]: Json })
    return read({}, 'what is kept of it is no mapping of keys to values')
  } catch {
    return read({}, 'what is kept of it is no JSON')
  }
}
