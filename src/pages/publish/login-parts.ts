import { AccessError } from '../../errors.ts'
import type { Session } from '../../identity/session.ts'
import type { Publishers } from '../../publish/publisher.ts'
import type { PublisherFacts } from '../../store/publish-store.ts'
import type { SignInParts } from '../sign-in/parts.ts'

/** What the pages need on which people are given publish credentials. */
export interface PublishLoginParts extends SignInParts {
  readonly publishers: Pick<Publishers, 'sitesFor' | 'issue'>
  /** Whether there is any site. */
  hasSites(): boolean
}

/** Throws `AccessError` `publishing-off` where there is no site. */
export function requireSites({ hasSites }: Pick<PublishLoginParts, 'hasSites'>): void {
  if (hasSites()) return
  throw new AccessError('publishing-off', 'nothing can be published on this gateway', {
    hint: 'whoever runs it lists what may be published, and by whom, in "sites" of its configuration',
  })
}

/** What a session says of a person, to be kept with a credential. */
export function factsOf(session: Session): PublisherFacts {
  const { userId, email, emailVerified, name, groups, claims, provider, issuer } = session
  return { userId, email, emailVerified, name, groups, claims, provider, issuer }
}
