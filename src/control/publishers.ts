import { PeerError } from '../errors.ts'
import { nameOf } from '../publish/publishing.ts'
import type { Publishers } from '../publish/publisher.ts'
import type { PublishCredentialRecord } from '../store/publish-store.ts'
import type { Clock } from '../clock.ts'
import type { Authority } from './authority.ts'
import { recordChange, type Actor, type ChangeParts } from './change.ts'
import type { PublisherList, PublisherSummary, Revocation } from './protocol.ts'

/** Operations on the credentials of publishers. */
export interface PublisherOperations {
  /** Newest first, those that have ended included until they are forgotten. */
  listPublishers(by: Actor): Promise<PublisherList>
  /**
   * One credential by its id, or every one of a person by email address or user id. Throws `PeerError`
   * `publish-credential-not-found` where there is none that could be revoked.
   */
  revokePublishers(by: Actor, who: string): Promise<Revocation>
}

export interface PublisherParts extends ChangeParts {
  readonly authority: Pick<Authority, 'require'>
  readonly publishers: Pick<Publishers, 'list' | 'revoke'>
  readonly clock: Clock
}

export function publisherOperations(parts: PublisherParts): PublisherOperations {
  const { publishers, clock } = parts

  async function revoke(by: Actor, id: string): Promise<void> {
    // The ones before took their time.
    parts.authority.require(by, 'revokePublishers')
    const { site, person } = await publishers.revoke(id)
    const details = { 'publisher-id': id, site, 'user-id': person.userId, email: person.email }
    recordChange(parts, by, 'publish credential revoked', details)
  }

  const isLive = (record: PublishCredentialRecord): boolean =>
    stateOf(record, clock.now()) === 'active'

  return {
    listPublishers: () =>
      Promise.resolve({
        publishers: publishers.list().map((record) => summarize(record, clock.now())),
      }),
    async revokePublishers(by, who) {
      const fits = (record: PublishCredentialRecord) => record.id === who || isOf(record, who)
      const ids = publishers
        .list()
        .filter((record) => isLive(record) && fits(record))
        .map(({ id }) => id)
      if (ids.length === 0) throw nothingOf(who)
      for (const id of ids) await revoke(by, id)
      return { revoked: ids }
    },
  }
}

function isOf({ person }: PublishCredentialRecord, user: string): boolean {
  return person.userId === user || person.email?.toLowerCase() === user.toLowerCase()
}

function stateOf(
  { revokedAtMs, expiresAtMs }: PublishCredentialRecord,
  nowMs: number,
): PublisherSummary['state'] {
  if (revokedAtMs !== undefined) return 'revoked'
  return expiresAtMs <= nowMs ? 'expired' : 'active'
}

function summarize(record: PublishCredentialRecord, nowMs: number): PublisherSummary {
  const { id, site, person, host, issuedAtMs, expiresAtMs } = record
  return {
    id,
    site,
    user: nameOf(person),
    user_id: person.userId,
    host,
    state: stateOf(record, nowMs),
    issued_at: new Date(issuedAtMs).toISOString(),
    expires_at: new Date(expiresAtMs).toISOString(),
  }
}

function nothingOf(who: string): PeerError {
  const text = `there is no publish credential "${who}" that could be revoked, nor one of such a person`
  return new PeerError('publish-credential-not-found', text, {
    hint: 'see "postern gateway publishers list"',
  })
}
