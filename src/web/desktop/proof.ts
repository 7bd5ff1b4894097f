import { browserName } from './proof/browser-name.ts'
import { createSigner, type KeptProof, type ProofStore, type SignedFetch } from './proof/signer.ts'

// Before anything else of this page: the code is in no history and in no address that somebody copies.
const code = takeCode()

const signer = createSigner({
  origin: location.origin,
  store: openStore(),
  fetch: (input, init) => fetch(input, init),
  now: () => performance.now(),
})

/** Never rejects: whoever could not enter has no proof, or the one of before. */
const entered = code === undefined ? Promise.resolve() : enter(code)

/**
 * As `fetch`, for a path of the daemon's such as `/api/state`, with the proof of this browser. A body is a text. Where
 * the browser has none, or another program answers at this address, the answer is 401 with a `Fault`.
 */
export const signedFetch: SignedFetch = async (path, init) => {
  await entered
  return signer.fetch(path, init)
}

async function enter(code: string): Promise<void> {
  await signer.enter(code, browserName(navigator.userAgent)).catch(() => undefined)
}

function takeCode(): string | undefined {
  const found = /^#code=([\w-]+)$/.exec(location.hash)?.[1]
  // With the query, which is there so that the page comes from the daemon and from no cache.
  if (found !== undefined) history.replaceState(null, '', location.pathname)
  return found
}

const databaseName = 'postern-desktop'
const storeName = 'proof'
const recordKey = 'own'

function openStore(): ProofStore {
  const opened = Promise.resolve().then(() => {
    const request = indexedDB.open(databaseName, 1)
    request.addEventListener('upgradeneeded', () => request.result.createObjectStore(storeName))
    return resultOf(request)
  })
  opened.catch(() => undefined)
  const ask = async <T>(
    mode: IDBTransactionMode,
    request: (store: IDBObjectStore) => IDBRequest<T>,
  ): Promise<T> =>
    resultOf(request((await opened).transaction(storeName, mode).objectStore(storeName)))
  return {
    read: () => ask<KeptProof | undefined>('readonly', (store) => store.get(recordKey)),
    write: async (proof) => void (await ask('readwrite', (store) => store.put(proof, recordKey))),
  }
}

function resultOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result))
    request.addEventListener('error', () => reject(request.error ?? new Error('no database')))
  })
}
