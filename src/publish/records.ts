import { isIP } from 'node:net'
import type { Site } from './site.ts'

/** A record by which a published name resolves to the gateway. */
export interface WantedRecord {
  readonly name: string
  readonly type: 'CNAME' | 'A' | 'AAAA'
  readonly value: string
}

/** What became of the records of a name. */
export type RecordState =
  /** They are in the zone, or were taken out of it. */
  | { readonly state: 'written'; readonly records: readonly WantedRecord[] }
  /** Nobody writes them here: a wildcard record is assumed. */
  | { readonly state: 'assumed'; readonly records: readonly WantedRecord[] }
  /** One sentence, and what to do next. */
  | {
      readonly state: 'failed'
      readonly records: readonly WantedRecord[]
      readonly message: string
      readonly next: string
    }

/** Writes and removes the records of published names. Never rejects. */
export interface Records {
  add(site: Site, hostname: string): Promise<RecordState>
  remove(site: Site, hostname: string): Promise<RecordState>
}

/** The records that a name needs; `target` is where names lead, unless the site says. */
export function wantedRecords(
  { dns }: Site,
  hostname: string,
  target: string,
): readonly WantedRecord[] {
  const to = dns?.target ?? target
  if (typeof to === 'string' && isIP(to) === 0)
    return [{ name: hostname, type: 'CNAME', value: to }]
  return [to].flat().map((value) => ({
    name: hostname,
    type: isIP(value) === 6 ? 'AAAA' : 'A',
    value,
  }))
}
