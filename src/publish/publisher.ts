import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { AccessError, PeerError } from '../errors.ts'
import type { Logger } from '../log.ts'
import { requestLines } from '../net/target.ts'
import type { Subject } from '../policy/facts.ts'
import type { PublishCredentialRecord, PublisherFacts } from '../store/publish-store.ts'
import type { Store } from '../store/store.ts'
import type { Stored } from '../store/stored.ts'
import { follow } from '../store/follow.ts'
import type { Site } from './site.ts'

/** Somebody who may publish below a site now. */
export interface Publisher {
  readonly credentialId: string
  readonly site: Site
  readonly person: PublisherFacts
}

/** A credential at the only moment it is known. */
export interface NewPublishCredential {
  readonly id: string
  /** 256 bits, base64url. */
  readonly secret: string
  readonly site: string
  readonly expiresAtMs: number
}

/** Who may publish, and the credentials that say so. They open nothing. */
export interface Publishers {
  /** The sites that somebody may publish to now, by name; `ip` is where they come from. */
  sitesFor(person: PublisherFacts, ip: string): readonly Site[]
  /** Throws `AccessError` `publish-denied`, `PeerError` `too-many-publish-credentials`. */
  issue(request: PublishRequest): Promise<NewPublishCredential>
  /**
   * Whose credential `ID.SECRET` is; one synchronous step. Throws `AccessError` `publish-credential-invalid`,
   * `publish-credential-revoked`, `publish-credential-expired`, or `publish-denied` where the site has gone, or its
   * policy no longer lets them.
   */
  authenticate(credential: string, ip: string): Publisher
  /** Newest first, revoked ones included. */
  list(): readonly PublishCredentialRecord[]
  /** Throws `PeerError` `publish-credential-not-found`. */
  revoke(id: string): Promise<PublishCredentialRecord>
}

export interface PublishRequest {
  readonly site: string
  readonly person: PublisherFacts
  /** What the machine that is to have it calls itself. */
  readonly host: string
  /** Where the person is who asks. */
  readonly ip: string
}

export interface PublishersOptions {
  readonly store: Pick<Store, 'publishCredentials' | 'feed'>
  readonly clock: Clock
  readonly log: Logger
  sites(): readonly Site[]
  /** Somebody as policies see them now. */
  subjectOf(person: PublisherFacts): Subject | undefined
}

/** @limit life of a publish credential: `publish-credential-expired`; `postern tunnel login` gives another */
export const publishCredentialLifeMs = 90 * 86_400_000
/** @limit publish credentials of one person that have not ended: `too-many-publish-credentials` */
const maxPerPerson = 20

/** Reads every credential, and follows them from then on. */
export async function openPublishers(options: PublishersOptions): Promise<Publishers> {
  const { clock, log, sites, subjectOf } = options
  const store = options.store.publishCredentials
  const rows = new Map<string, Stored<PublishCredentialRecord>>()
  const followed = await follow({
    feed: options.store.feed,
    kind: 'publish-credential',
    log,
    clock,
    async load() {
      for (const row of await store.list()) rows.set(row.id, row)
    },
    foretell({ id, change }) {
      const row = rows.get(id)
      // Nothing else of one ever changes.
      if (change === 'changed' && row !== undefined)
        rows.set(id, { ...row, revokedAtMs: row.revokedAtMs ?? clock.now() })
      if (change === 'ended') rows.delete(id)
    },
    async refresh(id) {
      const row = await store.get(id)
      if (row === undefined) rows.delete(id)
      else rows.set(id, row)
    },
  })

  const mayPublish = (site: Site, person: PublisherFacts, ip: string): boolean => {
    const subject = subjectOf(person)
    if (subject === undefined) return false
    const facts = { subject, ...requestLines.tcp, sourceIp: ip, nowMs: clock.now() }
    return site.publish.evaluate(facts).outcome === 'allow'
  }

  function permitted(name: string, person: PublisherFacts, ip: string): Site {
    const site = sites().find((it) => it.name === name)
    if (site === undefined || !mayPublish(site, person, ip)) throw denied(name)
    return site
  }

  return {
    sitesFor: (person, ip) =>
      sites()
        .filter((site) => mayPublish(site, person, ip))
        .toSorted((one, other) => (one.name < other.name ? -1 : 1)),
    async issue({ site, person, host, ip }) {
      permitted(site, person, ip)
      const nowMs = clock.now()
      await store.removeExpired(nowMs)
      const secret = randomBytes(32).toString('base64url')
      const record: PublishCredentialRecord = {
        id: `pc-${randomBytes(9).toString('hex')}`,
        secretHash: sha256(secret).toString('base64url'),
        site,
        person,
        host,
        issuedAtMs: nowMs,
        expiresAtMs: nowMs + publishCredentialLifeMs,
        revokedAtMs: undefined,
      }
      if ((await store.add(record, maxPerPerson)) === 'full') throw tooMany()
      await followed.settled(record.id)
      return { id: record.id, secret, site, expiresAtMs: record.expiresAtMs }
    },
    authenticate(credential, ip) {
      const [id = '', secret = ''] = credential.split('.')
      const row = rows.get(id)
      const expected = Buffer.from(row?.secretHash ?? '', 'base64url')
      const given = sha256(secret)
      if (
        row === undefined ||
        expected.length !== given.length ||
        !timingSafeEqual(expected, given)
      )
        throw invalid()
      if (row.revokedAtMs !== undefined) throw ended('revoked')
      if (row.expiresAtMs <= clock.now()) throw ended('expired')
      const { person } = row
      return { credentialId: id, site: permitted(row.site, person, ip), person }
    },
    list: () => [...rows.values()].sort((one, other) => other.issuedAtMs - one.issuedAtMs),
    async revoke(id) {
      const row = rows.get(id)
      if (row === undefined || !(await store.revoke(id, clock.now()))) throw notFound(id)
      await followed.settled(id)
      return row
    },
  }
}

function sha256(text: string): Buffer {
  return hash('sha256', text, 'buffer')
}

const logInAgain = 'sign in with "postern tunnel login --overwrite"'

function invalid(): AccessError {
  const text = 'this publish credential is not one of this gateway'
  return new AccessError('publish-credential-invalid', text, { hint: logInAgain })
}

function ended(how: 'revoked' | 'expired'): AccessError {
  const text = how === 'revoked' ? 'was revoked' : 'has expired'
  return new AccessError(`publish-credential-${how}`, `this publish credential ${text}`, {
    hint: logInAgain,
  })
}

function denied(site: string): AccessError {
  return new AccessError('publish-denied', `you may not publish to the site "${site}"`, {
    hint: 'ask whoever runs the gateway: "publish" of the site says who may',
  })
}

function tooMany(): PeerError {
  const text = `you have ${maxPerPerson} publish credentials on this gateway`
  return new PeerError('too-many-publish-credentials', text, {
    hint: 'have those that nobody needs revoked with "postern gateway publishers revoke"',
  })
}

function notFound(id: string): PeerError {
  const text = `there is no publish credential "${id.slice(0, 40)}" that could be revoked`
  return new PeerError('publish-credential-not-found', text, {
    hint: 'see "postern gateway publishers list"',
  })
}
