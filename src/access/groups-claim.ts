import { faultOfGroupsClaim, type GroupsFault } from '../identity/person.ts'
import type { AnySession, Session } from '../identity/session.ts'
import type { Logger } from '../log.ts'
import type { Decision } from '../policy/decision.ts'
import type { Reason } from '../policy/explain.ts'

/** Tells a person who is in no group from one of whom the provider sends no groups at all. */
export interface GroupsClaim {
  /**
   * One sentence, without a full stop, for somebody whom a policy found in none of its groups because
   * no groups came; undefined otherwise. The first time it is a line in the log.
   */
  faultOf(decision: Decision, session: AnySession | undefined): string | undefined
}

const notInGroups: Reason = 'groups-unauthorized'

const said: Readonly<Record<GroupsFault, string>> = {
  absent: 'absent',
  unusable: 'unusable',
  elsewhere: 'too long for its token',
}

const sentences: Readonly<Record<GroupsFault, (name: string) => string>> = {
  absent: (name) => `the sign-in service sends no claim "${name}", which would list your groups`,
  unusable: (name) => `the claim "${name}" of the sign-in service holds no groups that can be read`,
  elsewhere: () => 'you are in more groups than the sign-in service tells this gateway',
}

const sendGroups =
  'let the provider send it, name another one in "idp_groups_claim", or list groups in "directory"; those who are signed in get it at the next refresh'
const fewerGroups =
  'let the provider send only the groups that are assigned to this application, or list groups in "directory"'

/** `claimOf` names that of a session's provider; undefined where a directory file gives groups as well. */
export function createGroupsClaim(
  logger: Logger,
  claimOf: (session: Session) => string | undefined,
): GroupsClaim {
  const told = new Set<string>()
  const tell = (fault: GroupsFault, name: string, session: Session): void => {
    const { provider, issuer, claims } = session
    const key = JSON.stringify([fault, name, provider, issuer])
    if (told.has(key)) return
    told.add(key)
    logger.warn(`the groups claim of the identity provider is ${said[fault]}`, {
      claim: name,
      provider,
      issuer,
      'claims-that-came': Object.keys(claims),
      hint: fault === 'elsewhere' ? fewerGroups : sendGroups,
    })
  }
  return {
    faultOf({ allow, deny }, session) {
      if (session?.kind !== 'person') return undefined
      if (![...allow.reasons, ...deny.reasons].includes(notInGroups)) return undefined
      const name = claimOf(session)
      const fault = name === undefined ? undefined : faultOfGroupsClaim(session.claims, name)
      if (name === undefined || fault === undefined) return undefined
      tell(fault, name, session)
      return sentences[fault](name)
    },
  }
}
