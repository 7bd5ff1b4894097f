import { browserName } from './proof/browser-name.ts'
import { createSigner, type KeptProof, type ProofStore, type SignedFetch } from './proof/signer.ts'

const loadedKey = 'postern-run'

// Before anything else of this page: the code is in no history and in no address that somebody copies.
const code = takeCode()

const signer = createSigner({
  origin: location.origin,
  run: takeRun(),
  store: openStore(),
  fetch: (input, init) => fetch(input, init),
  now: () => performance.now(),
  onStartedAnew: loadAnew,
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

/** Once for each run: a browser that has an old page in a cache would show it again and again. */
function loadAnew(run: string): void {
  if (sessionStorage.getItem(loadedKey) === run) return
  sessionStorage.setItem(loadedKey, run)
  location.reload()
}

/** It stands in the page, where no other page's script could fetch it, and after this nowhere. */
function takeRun(): string {
  const element = document.querySelector('meta[name="postern-run"]')
  element?.remove()
  return element?.getAttribute('content') ?? ''
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

async function openDatabase(): Promise<IDBDatabase> {
  const request = indexedDB.open(databaseName, 1)
  request.addEventListener('upgradeneeded', () => request.result.createObjectStore(storeName))
  const database = await resultOf(request)
  // Nobody who deletes it waits for this page.
  database.addEventListener('versionchange', () => database.close())
  return database
}

/** Another program that had the port may have left one of another form, which would be in the way for ever. */
async function openOwn(): Promise<IDBDatabase> {
  const found = await openDatabase().catch(() => undefined)
  if (found?.objectStoreNames.contains(storeName) === true) return found
  found?.close()
  await resultOf(indexedDB.deleteDatabase(databaseName))
  return openDatabase()
}

function openStore(): ProofStore {
  const opened = Promise.resolve().then(openOwn)
  opened.catch(() => undefined)
  const ask = async <T>(
    mode: IDBTransactionMode,
    request: (store: IDBObjectStore) => IDBRequest<T>,
  ): Promise<T> =>
    resultOf(request((await opened).transaction(storeName, mode).objectStore(storeName)))
  // A private window may have no database: there the proof lasts as long as the page.
  let own: KeptProof | undefined
  return {
    read: () =>
      ask<KeptProof | undefined>('readonly', (store) => store.get(recordKey)).catch(() => own),
    async write(proof) {
      own = proof
      await ask('readwrite', (store) => store.put(proof, recordKey)).catch(() => undefined)
    },
  }
}

function resultOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result))
    request.addEventListener('error', () => reject(request.error ?? new Error('no database')))
  })
}
