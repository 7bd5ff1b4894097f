import type { Adapter, AdapterPayload } from 'oidc-provider'

/** What the provider keeps, all in memory: it lives as long as the process. */
export interface TokenStorage {
  /** What `oidc-provider` calls for one kind of thing, such as `RefreshToken`. */
  adapter(model: string): Adapter
  /** Forgets every token and grant of a person: their next refresh is an `invalid_grant`. */
  revokePerson(id: string): void
  /** Forgets a person's sessions, in which browsers are signed in, and answers them. */
  endSessions(id: string): readonly AdapterPayload[]
}

/** Entries of all kinds together; the oldest go first. A sign-in leaves about six. */
const maxEntries = 50_000

interface Entry {
  readonly payload: AdapterPayload
  readonly expiresAtMs: number
}

export function createTokenStorage(): TokenStorage {
  const entries = new Map<string, Entry>()
  return {
    adapter: (model) => createAdapter(model, entries),
    revokePerson(id) {
      removeWhere(entries, (key, { accountId }) => accountId === id && !key.startsWith('Session:'))
    },
    endSessions(id) {
      const ended: AdapterPayload[] = []
      removeWhere(entries, (key, payload) => {
        const isTheirs = key.startsWith('Session:') && payload.accountId === id
        if (isTheirs) ended.push(payload)
        return isTheirs
      })
      return ended
    },
  }
}

function createAdapter(model: string, entries: Map<string, Entry>): Adapter {
  const read = (key: string): AdapterPayload | undefined => {
    const entry = entries.get(key)
    if (entry && entry.expiresAtMs <= Date.now()) entries.delete(key)
    return entry && entry.expiresAtMs > Date.now() ? entry.payload : undefined
  }
  const findWhere = (matches: (payload: AdapterPayload) => boolean): AdapterPayload | undefined => {
    for (const [key, { payload }] of entries) {
      if (key.startsWith(`${model}:`) && matches(payload)) return read(key)
    }
    return undefined
  }
  return {
    async upsert(id, payload, expiresInSeconds) {
      const lifeMs = expiresInSeconds === undefined ? Infinity : expiresInSeconds * 1000
      entries.set(`${model}:${id}`, { payload, expiresAtMs: Date.now() + lifeMs })
      dropOldest(entries)
    },
    find: async (id) => read(`${model}:${id}`),
    findByUid: async (uid) => findWhere((payload) => payload.uid === uid),
    findByUserCode: async (userCode) => findWhere((payload) => payload.userCode === userCode),
    async consume(id) {
      const payload = read(`${model}:${id}`)
      if (payload) payload['consumed'] = Math.floor(Date.now() / 1000)
    },
    async destroy(id) {
      entries.delete(`${model}:${id}`)
    },
    async revokeByGrantId(grantId) {
      removeWhere(entries, (key, payload) => {
        return key.startsWith(`${model}:`) && payload.grantId === grantId
      })
    },
  }
}

function dropOldest(entries: Map<string, Entry>): void {
  for (const key of entries.keys()) {
    if (entries.size <= maxEntries) return
    entries.delete(key)
  }
}

function removeWhere(
  entries: Map<string, Entry>,
  matches: (key: string, payload: AdapterPayload) => boolean,
): void {
  for (const [key, { payload }] of entries) if (matches(key, payload)) entries.delete(key)
}
