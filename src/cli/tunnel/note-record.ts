import { lookup } from 'node:dns/promises'
import type { RecordStateJson } from '../../tunnel/publish.ts'
import { note } from '../speech/print.ts'

/** Says why a record could not be written or removed, and what to do about it. */
export function noteFailed({ state, message, next }: RecordStateJson): void {
  if (state !== 'failed') return
  note(`warning: ${message ?? 'the record was not written'}`)
  if (next !== undefined) note(`  hint: ${next}`)
}

/**
 * Says whether a name resolves, as far as this machine can see, and which record is missing otherwise. No zone
 * has names below "localhost" (RFC 6761 section 6.3).
 */
export async function noteRecord(
  hostname: string,
  record: RecordStateJson,
  resolve: (name: string) => Promise<unknown> = lookup,
): Promise<void> {
  const lines = record.records.map(({ name, type, value }) => `${name}. ${type} ${value}`)
  if (record.state === 'written') note(`the record ${lines.join(', ')} is in the zone`)
  else if (record.state === 'failed') noteFailed(record)
  else if (hostname.endsWith('.localhost')) {
    note(`"${hostname}" needs no record: clients name the gateway, with "--gateway"`)
  } else if (!(await resolves(hostname, resolve))) {
    note(`warning: "${hostname}" does not resolve here, and the gateway writes no records`)
    note(`  hint: add ${lines.join(' and ')}, or a wildcard record`)
  }
}

function resolves(hostname: string, resolve: (name: string) => Promise<unknown>): Promise<boolean> {
  return resolve(hostname).then(
    () => true,
    () => false,
  )
}
