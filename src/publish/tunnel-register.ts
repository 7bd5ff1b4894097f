import { randomUUID } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { Logger } from '../log.ts'
import type { NamedTunnelRecord } from '../store/publish-store.ts'
import type { Store } from '../store/store.ts'
import type { Stored } from '../store/stored.ts'
import { follow } from '../store/follow.ts'
import { checkHostname, hostnameTaken, parseHostname, type HostnameRules } from './hostname.ts'
import type { NamedTunnel, NamedTunnelEnd, NamedTunnelRegister } from './named-tunnels.ts'
import {
  busyTunnel,
  hostnameNotFound,
  tooManyHostnames,
  tooManyTunnels,
  tunnelExists,
  tunnelNameReserved,
  tunnelNotFound,
} from './tunnel-faults.ts'
import { createTunnelMirror, toNamedTunnel } from './tunnel-mirror.ts'
import { siteOf } from './site.ts'
import { checkTunnelName } from './tunnel-name.ts'
import { deriveTunnelSecret } from './tunnel-secret.ts'

export interface NamedTunnelsOptions extends HostnameRules {
  readonly store: Pick<Store, 'namedTunnels' | 'feed'>
  /** Whether a route of the gateway leads to a tunnel of this name for hosts of another site. */
  isMeantElsewhere(tunnel: Pick<NamedTunnel, 'name' | 'site'>): boolean
  /** 32 bytes, from which the secrets of tunnels are derived. */
  readonly key: Uint8Array
  /** Whoever knows a secret that is derived from one of these is let in as well. */
  readonly formerKeys?: readonly Uint8Array[]
  readonly clock: Clock
  readonly log: Logger
}

/** @limit named tunnels of one gateway: `too-many-named-tunnels` */
const maxTunnels = 10_000
/** @limit named tunnels that one person has made: `too-many-named-tunnels` */
const maxPerPerson = 100
/** @limit none: deleted tunnels whose connectors still hear that they were; the oldest are forgotten */
const maxDeleted = 1_000
/** @limit host names of one named tunnel: `too-many-hostnames` */
const maxHostnames = 100
/** @limit writes of one named tunnel that were overtaken in a row: `tunnel-busy` */
const maxRewrites = 5

/** Reads every named tunnel, and follows them from then on. */
export async function openNamedTunnels(options: NamedTunnelsOptions): Promise<NamedTunnelRegister> {
  const { key, formerKeys = [], clock, log } = options
  const store = options.store.namedTunnels
  const ended = new Set<(tunnelId: string, why: NamedTunnelEnd) => void>()
  const changed = new Set<(tunnel: NamedTunnel) => void>()
  const mirror = createTunnelMirror({
    ended: (id, why) => ended.forEach((listener) => listener(id, why)),
    changed: (tunnel) => changed.forEach((listener) => listener(tunnel)),
  })
  const followed = await follow({
    feed: options.store.feed,
    kind: 'named-tunnel',
    log,
    clock,
    async load() {
      for (const row of await store.list()) mirror.put(row.id, row)
    },
    foretell({ id, change, revision }) {
      const row = mirror.get(id)
      if (change === 'ended' && row !== undefined)
        mirror.put(id, { ...row, hostnames: [], deletedAtMs: clock.now(), revision })
    },
    refresh: async (id) => mirror.put(id, await store.get(id)),
  })

  function live(id: string): Stored<NamedTunnelRecord> {
    const row = mirror.get(id)
    if (row !== undefined && row.deletedAtMs === undefined) return row
    throw tunnelNotFound(
      id,
      mirror.live().map(({ name }) => name),
    )
  }

  /** Writes what `change` makes of a tunnel; anew when somebody else has written it meanwhile. */
  async function rewrite(
    id: string,
    change: (old: NamedTunnelRecord) => NamedTunnelRecord | 'same',
  ): Promise<NamedTunnel> {
    for (let attempt = 0; attempt < maxRewrites; attempt += 1) {
      const old = live(id)
      const record = change(old)
      if (record === 'same') return toNamedTunnel(old)
      const result = await store.update({ ...record, revision: old.revision })
      await followed.settled(id)
      if (result === 'updated') return toNamedTunnel(record)
      if (result === 'hostname-taken') throw takenOf(record)
      mirror.put(id, await store.get(id))
    }
    throw busyTunnel(live(id).name)
  }

  /** Of the names that it asked for, the one that is another's. */
  function takenOf({ id, hostnames }: NamedTunnelRecord) {
    const theirs = hostnames.find(({ hostname }) => {
      const owner = mirror.byHostname(hostname)
      return owner !== undefined && owner.id !== id
    })
    return hostnameTaken((theirs ?? hostnames.at(-1))?.hostname ?? '', 'tunnel')
  }

  return {
    find(nameOrId) {
      const row = mirror.byName(nameOrId) ?? mirror.get(nameOrId.toLowerCase())
      return row === undefined || row.deletedAtMs !== undefined ? undefined : toNamedTunnel(row)
    },
    byHostname(hostname) {
      const row = mirror.byHostname(hostname)
      // A name outlives neither its site nor a site made within that: whoever published it may not any more.
      const isStillOurs = row && siteOf(options.sites(), hostname)?.name === row.site
      return isStillOurs ? toNamedTunnel(row) : undefined
    },
    admit(tunnelId, knows) {
      const row = mirror.get(tunnelId.toLowerCase())
      if (row === undefined) return { fault: 'unknown-tunnel' }
      const secret = [key, ...formerKeys]
        .map((each) => deriveTunnelSecret(each, row.id, row.generation))
        .find((each) => knows(each))
      if (secret === undefined) return { fault: 'wrong-secret' }
      // Only whoever had its secret is told that it was deleted.
      return row.deletedAtMs === undefined
        ? { tunnel: toNamedTunnel(row), secret }
        : { fault: 'tunnel-deleted' }
    },
    onEnded: (listener) => subscribe(ended, listener),
    onChanged: (listener) => subscribe(changed, listener),
    list: () => mirror.live().map(toNamedTunnel),
    secretOf(id) {
      const row = live(id)
      return deriveTunnelSecret(key, row.id, row.generation)
    },
    async create({ name, site, createdBy, userId }) {
      checkTunnelName(name)
      if (options.isMeantElsewhere({ name, site })) throw tunnelNameReserved(name)
      const record: NamedTunnelRecord = {
        id: randomUUID(),
        name,
        site,
        createdBy,
        userId,
        createdAtMs: clock.now(),
        generation: 1,
        deletedAtMs: undefined,
        services: undefined,
        hostnames: [],
      }
      const result = await store.add(record, { maxTunnels, maxPerPerson, maxDeleted })
      if (result === 'name-taken') throw tunnelExists(name)
      if (result === 'full') throw tooManyTunnels('all', maxTunnels)
      if (result === 'person-full') throw tooManyTunnels('person', maxPerPerson)
      await followed.settled(record.id)
      // Written, and not read back: it is there all the same, and any reading of it is newer.
      if (mirror.get(record.id) === undefined) mirror.put(record.id, { ...record, revision: 0 })
      return toNamedTunnel(record)
    },
    async delete(id, admit) {
      let before = toNamedTunnel(live(id))
      await rewrite(id, (old) => {
        before = toNamedTunnel(old)
        admit?.(before)
        return { ...old, hostnames: [], deletedAtMs: clock.now() }
      })
      return before
    },
    rotate: (id, admit) =>
      rewrite(id, (old) => {
        admit?.()
        return { ...old, generation: old.generation + 1 }
      }),
    async addHostname(id, text) {
      const hostname = parseHostname(text)
      let isNew = false
      const tunnel = await rewrite(id, (old) => {
        isNew = !old.hostnames.some((it) => it.hostname === hostname)
        if (!isNew) return 'same'
        checkHostname(hostname, toNamedTunnel(old), options)
        if (mirror.byHostname(hostname) !== undefined) throw hostnameTaken(hostname, 'tunnel')
        if (old.hostnames.length >= maxHostnames) throw tooManyHostnames(maxHostnames)
        return { ...old, hostnames: [...old.hostnames, { hostname, createdAtMs: clock.now() }] }
      })
      return { tunnel, hostname, isNew }
    },
    async removeHostname(id, text) {
      const hostname = parseHostname(text)
      const tunnel = await rewrite(id, (old) => {
        const hostnames = old.hostnames.filter((it) => it.hostname !== hostname)
        if (hostnames.length === old.hostnames.length) throw hostnameNotFound(hostname)
        return { ...old, hostnames }
      })
      return { tunnel, hostname, isNew: false }
    },
    setServices: (id, services) =>
      rewrite(id, (old) => (old.services === services ? 'same' : { ...old, services })),
  }
}

function subscribe<T>(listeners: Set<T>, listener: T): Disposable {
  listeners.add(listener)
  return { [Symbol.dispose]: () => void listeners.delete(listener) }
}
