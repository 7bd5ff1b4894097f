import {
  changesAll,
  changesIn,
  seesAll,
  seesIn,
  type Role,
  type RoleOf,
} from '../access/administrators.ts'
import { AccessError, SystemError } from '../errors.ts'
import type { BlockedPeople } from '../identity/blocked-people.ts'
import type { Actor } from './change.ts'

/** Who may do something. */
export interface Rule {
  /** The least that somebody has to be: signed in, an auditor, who sees everything, or an admin. */
  readonly role: 'signed-in' | 'auditor' | 'admin'
  /** Whether it is also for who administers a namespace, as far as it concerns what is in it. */
  readonly byNamespace?: true
}

const seesEverything: Rule = { role: 'auditor' }
const seesNamespace: Rule = { role: 'auditor', byNamespace: true }
const changesEverything: Rule = { role: 'admin' }
const changesNamespace: Rule = { role: 'admin', byNamespace: true }
const signedIn: Rule = { role: 'signed-in' }

/** Who may do what: a row for each operation. */
export const rules = {
  listSessions: seesEverything,
  findSessions: seesEverything,
  countSessions: seesEverything,
  revokeSession: changesEverything,
  revokeUser: changesEverything,
  listOwnSessions: signedIn,
  revokeOwnSession: signedIn,
  listBlocks: seesEverything,
  blockPerson: changesEverything,
  unblockPerson: changesEverything,
  listAccessRequests: signedIn,
  findAccessRequest: signedIn,
  requestAccess: signedIn,
  breakGlass: signedIn,
  approveAccess: signedIn,
  denyAccess: signedIn,
  endAccess: signedIn,
  listAccounts: seesEverything,
  inviteAccount: changesEverything,
  resetAccount: changesEverything,
  disableAccount: changesEverything,
  enableAccount: changesEverything,
  removeAccount: changesEverything,
  setAccountGroups: changesEverything,
  listServiceAccounts: seesEverything,
  createServiceAccount: changesEverything,
  rotateServiceAccount: changesEverything,
  revokeServiceAccount: changesEverything,
  listPublishers: seesEverything,
  revokePublishers: changesEverything,
  listTokenKeys: seesEverything,
  beginTokenRotation: changesEverything,
  stepTokenRotation: changesEverything,
  listSigningKeys: seesEverything,
  rotateSigningKey: changesEverything,
  forgetSigningKeys: changesEverything,
  listSshCaKeys: signedIn,
  listTunnels: seesNamespace,
  tryAccess: seesNamespace,
  whoCan: seesEverything,
  whatCan: seesEverything,
  reach: changesNamespace,
  countTunnels: seesEverything,
  overview: seesEverything,
  samples: seesNamespace,
  cutTunnels: changesNamespace,
  listConnectors: seesEverything,
  cutConnectors: changesEverything,
  drainConnectors: changesEverything,
  listNamedTunnels: seesEverything,
  listSites: seesEverything,
  createNamedTunnel: changesEverything,
  rotateNamedTunnel: changesEverything,
  deleteNamedTunnel: changesEverything,
  auditCheckpoint: seesEverything,
  searchAudit: seesEverything,
  reload: changesEverything,
  listRoutes: seesNamespace,
  getRoute: seesNamespace,
  checkRoute: seesNamespace,
  createRoute: changesNamespace,
  updateRoute: changesNamespace,
  deleteRoute: changesNamespace,
  changeRoutes: changesNamespace,
  listRouteHistory: seesNamespace,
  restoreRoute: changesNamespace,
  listPolicies: seesNamespace,
  getPolicy: seesNamespace,
  checkPolicy: seesNamespace,
  createPolicy: changesNamespace,
  updatePolicy: changesNamespace,
  deletePolicy: changesNamespace,
  changePolicies: changesNamespace,
  listPolicyHistory: seesNamespace,
  restorePolicy: changesNamespace,
  exportAccess: seesNamespace,
  importAccess: changesNamespace,
} as const satisfies Readonly<Record<string, Rule>>

export type OperationName = keyof typeof rules

/** What is asked about who asks; what holds now, known without a wait. */
export interface AuthorityParts {
  readonly roleOf: RoleOf
  /** Changes whenever the session did; undefined once it has ended. */
  sessionVersion(id: string): number | undefined
  /** **Default:** nobody is blocked */
  readonly blockedPeople?: Pick<BlockedPeople, 'check'>
}

/**
 * Who may do what, asked at each call by what holds then: roles come and go, and sessions end. An operation asks
 * in the same step in which it acts, without an `await` between.
 */
export interface Authority {
  /**
   * The role that somebody has now; undefined for none.
   *
   * @throws as `require`, but for `role-required`
   */
  roleOf(by: Actor): Role | undefined
  /**
   * Lets go on whoever may do an operation. Of one that is for administrators of namespaces too, it says of whom
   * it is asked; what it concerns is asked by `requireIn`.
   *
   * @throws AccessError `person-blocked`, `sign-in-required` once the session has ended, `role-required`; SystemError
   * `decision-unsettled` when the session has changed since it was read
   */
  require(by: Actor, operation: OperationName): void
  /** The same of what is in each of these namespaces, undefined for what is in none: before a change and after it. */
  requireIn(by: Actor, operation: OperationName, namespaces: readonly (string | undefined)[]): void
  /**
   * What somebody sees now: answers whether that is what is in a namespace, undefined for what is in none. For lists,
   * within one step.
   */
  sees(by: Actor): (namespace: string | undefined) => boolean
  /** The same of what they change, for changes of many things. */
  changes(by: Actor): (namespace: string | undefined) => boolean
}

export function createAuthority(parts: AuthorityParts): Authority {
  function roleOf(by: Actor): Role | undefined {
    if (by.kind === 'local') return { role: 'admin' }
    const version = parts.sessionVersion(by.session.id)
    if (version === undefined) throw signInRequired()
    if (version !== by.sessionVersion) throw unsettled()
    // Their sessions end only after they were blocked, one after the other.
    if (by.session.kind === 'person') parts.blockedPeople?.check(by.session)
    return parts.roleOf(by)
  }
  return {
    roleOf,
    require(by, operation) {
      if (!isFor(roleOf(by), rules[operation])) throw roleRequired(rules[operation])
    },
    requireIn(by, operation, namespaces) {
      const role = roleOf(by)
      const rule: Rule = rules[operation]
      const mayIn = rule.role === 'admin' ? changesIn : seesIn
      if (rule.byNamespace !== true) {
        if (!isFor(role, rule)) throw roleRequired(rule)
      } else if (!namespaces.every((namespace) => mayIn(role, namespace))) throw notInNamespace()
    },
    sees(by) {
      const role = roleOf(by)
      return (namespace) => seesIn(role, namespace)
    },
    changes(by) {
      const role = roleOf(by)
      return (namespace) => changesIn(role, namespace)
    },
  }
}

/** Whether something is for who has this role, or for who administers a namespace, as far as it goes. */
export function isFor(role: Role | undefined, { role: least, byNamespace }: Rule): boolean {
  if (least === 'signed-in') return true
  const isOfNamespace = byNamespace === true && role?.namespaces !== undefined
  return isOfNamespace || (least === 'admin' ? changesAll(role) : seesAll(role))
}

/** For who has no session, or one that has ended. */
export function signInRequired(): AccessError {
  return new AccessError('sign-in-required', 'you are not signed in, or not any more', {
    hint: 'sign in again',
  })
}

/** For who may not. */
export function roleRequired({ role, byNamespace }: Rule): AccessError {
  const who = role === 'admin' ? 'administrators' : 'administrators and auditors'
  const all = byNamespace === true ? who : `${who} of the whole gateway`
  return new AccessError('role-required', `this is for ${all}`, {
    hint: 'whoever runs this gateway says by "administrators" who that is',
  })
}

function notInNamespace(): AccessError {
  const message = 'this is not in a namespace that you administer'
  return new AccessError('role-required', message, {
    hint: 'ask an administrator of the whole gateway',
  })
}

function unsettled(): SystemError {
  const message = 'your session has changed while this was asked for'
  return new SystemError('decision-unsettled', message, { hint: 'try again' })
}
