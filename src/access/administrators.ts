import type { Clock } from '../clock.ts'
import { requestLines } from '../net/target.ts'
import type { Policy } from '../policy/policy.ts'
import type { Caller } from './caller.ts'
import type { CertificateJudge, Subjects } from './decide.ts'

/** Who runs the gateway, as the configuration says. */
export interface Administrators {
  /** Undefined where nobody is; so is each policy here. */
  readonly admin: Policy | undefined
  readonly auditor: Policy | undefined
  readonly namespaces: readonly Namespace[]
}

/** Some routes that have administrators of their own. */
export interface Namespace {
  readonly name: string
  readonly administrators: Policy | undefined
}

export const nobodyAdministers: Administrators = {
  admin: undefined,
  auditor: undefined,
  namespaces: [],
}

/**
 * What somebody may see and change. An admin sees and changes everything, and an auditor sees everything and
 * changes nothing; with namespaces, an admin sees and changes what is in them and no more, and an auditor
 * changes what is in them.
 */
export interface Role {
  readonly role: 'admin' | 'auditor'
  /** Undefined where the role is not of some namespaces. */
  readonly namespaces?: readonly string[]
}

/** The role that somebody has now; undefined for whoever has none. Synchronous: what it allows follows at once. */
export type RoleOf = (caller: Caller) => Role | undefined

export interface RoleParts {
  readonly clock: Clock
  readonly clientCertificates: Pick<CertificateJudge, 'facts'>
  readonly subjectOf: Subjects
  /** As they are configured now. */
  administrators(): Administrators
}

/** Makes the one place where it is asked who administers. A policy for everybody covers who is signed in. */
export function createRoleOf(parts: RoleParts): RoleOf {
  function isOne(policy: Policy | undefined, { client, session }: Caller): boolean {
    if (policy === undefined || session === undefined) return false
    const decision = policy.evaluate({
      subject: parts.subjectOf(session),
      ...requestLines.tcp,
      sourceIp: client.ip,
      clientCertificate: parts.clientCertificates.facts(client.certificate),
      nowMs: parts.clock.now(),
    })
    return decision.outcome === 'allow'
  }

  return (caller) => {
    const { admin, auditor, namespaces } = parts.administrators()
    if (isOne(admin, caller)) return { role: 'admin' }
    const own = namespaces
      .filter(({ administrators }) => isOne(administrators, caller))
      .map(({ name }) => name)
    const within = own.length === 0 ? {} : { namespaces: own }
    if (isOne(auditor, caller)) return { role: 'auditor', ...within }
    return own.length === 0 ? undefined : { role: 'admin', ...within }
  }
}

/** Whether a role sees all there is. */
export function seesAll(role: Role | undefined): boolean {
  return role !== undefined && (role.role === 'auditor' || role.namespaces === undefined)
}

/** Whether a role sees what is in a namespace; in none without one. */
export function seesIn(role: Role | undefined, namespace: string | undefined): boolean {
  return seesAll(role) || changesIn(role, namespace)
}

/** Whether a role changes all there is. */
export function changesAll(role: Role | undefined): boolean {
  return role?.role === 'admin' && role.namespaces === undefined
}

/** Whether a role changes what is in a namespace; in none without one. */
export function changesIn(role: Role | undefined, namespace: string | undefined): boolean {
  const isOwn = namespace !== undefined && role?.namespaces?.includes(namespace) === true
  return changesAll(role) || isOwn
}
