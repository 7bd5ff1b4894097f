import { runInWorker } from './in-worker.ts'
import {
  revocationListOf,
  type RevocationList,
} from '../../port/client-certificates/revocation-list.ts'

let last: { readonly pem: string; readonly lists: readonly RevocationList[] } | undefined

/**
 * Reads the lists of a PEM text in a worker; the same text again, at a reload for something else, takes
 * no time.
 *
 * @throws PeerError `malformed-revocation-list`, or `unsupported-revocation-list` for one that is too
 * large or does not speak for everything its authority signed
 */
export async function readRevocationLists(pem: string): Promise<readonly RevocationList[]> {
  if (last?.pem === pem) return last.lists
  const lists: RevocationList[] = []
  for await (const facts of runInWorker('revocation-lists', pem))
    lists.push(revocationListOf(facts))
  last = { pem, lists }
  return lists
}
