import { defaultProviderId } from '../../identity/user-ids.ts'
import type { ClientCertificate, Subject } from '../../policy/facts.ts'
import { foldCase } from '../../policy/matchers/string.ts'
import { anyValidCertificate, type SupposedCaller } from '../decide.ts'

/**
 * The address of whoever is tried without one: RFC 5737 keeps it for documentation, so that it is in nobody's
 * network.
 */
export const noNetwork = '192.0.2.1'

/** What somebody says of whom to try; what is absent is taken from what is known, or assumed. */
export interface Trial {
  /** An email address or a user id; with neither this nor an account it is somebody who is not signed in. */
  readonly person?: string | undefined
  /** Instead of the one that is known. */
  readonly userId?: string | undefined
  readonly serviceAccount?: string | undefined
  /** The id of the provider that they have signed in with. **Default:** the one that is known, else the default one */
  readonly provider?: string | undefined
  readonly groups?: readonly string[] | undefined
  readonly claims?: Readonly<Record<string, unknown>> | undefined
  readonly emailVerified?: boolean | undefined
  readonly ip?: string | undefined
  readonly atMs?: number | undefined
  readonly certificate?: TriedCertificate | undefined
  /** Whether nothing that is known here is added, the groups of the directory neither. **Default:** false */
  readonly isAsSaid?: boolean | undefined
}

/** A certificate that a client would show. */
export interface TriedCertificate {
  /** **Default:** trusted */
  readonly valid?: boolean | undefined
  /** SHA-256, with or without colons. */
  readonly fingerprint?: string | undefined
  readonly spkiHash?: string | undefined
  readonly dnsNames?: readonly string[] | undefined
  readonly emailAddresses?: readonly string[] | undefined
  readonly uris?: readonly string[] | undefined
}

/** Whom a trial is about, and what was taken for granted: sentences. */
export interface Supposed {
  readonly caller: SupposedCaller
  readonly assumed: readonly string[]
}

/** Whoever a trial names, with what is `known` of them where the trial does not say it. */
export function suppose(trial: Trial, known: Subject | undefined, nowMs: number): Supposed {
  const { subject, assumed } = subjectIn(trial, known)
  return {
    caller: {
      subject,
      isAsSaid: trial.isAsSaid === true,
      ip: trial.ip ?? noNetwork,
      clientCertificate: trial.certificate && certificateIn(trial.certificate),
      nowMs: trial.atMs ?? nowMs,
    },
    assumed: [
      ...assumed,
      ...(trial.ip === undefined ? [`comes from ${noNetwork}, which is in nobody's network`] : []),
      ...(trial.certificate === undefined ? ['shows no client certificate'] : []),
    ],
  }
}

interface SupposedSubject {
  readonly subject: Subject | undefined
  readonly assumed: readonly string[]
}

function subjectIn(trial: Trial, known: Subject | undefined): SupposedSubject {
  const { person, serviceAccount } = trial
  if (serviceAccount !== undefined) return { subject: accountOf(serviceAccount), assumed: [] }
  if (person === undefined) return { subject: undefined, assumed: ['is not signed in'] }
  const { provider, groups, claims, emailVerified } = trial
  const base = known ?? strangerOf(person)
  const subject: Subject = {
    kind: 'person',
    userId: trial.userId ?? base.userId,
    provider: provider ?? base.provider,
    email: base.email,
    emailVerified: emailVerified ?? base.emailVerified,
    groups: groups ?? base.groups,
    claims: claims ?? base.claims,
  }
  if (known !== undefined) return { subject, assumed: [] }
  return {
    subject,
    assumed: [
      ...(subject.email === undefined ? ['has no email address'] : []),
      ...(subject.email !== undefined && emailVerified === undefined
        ? ['has a verified email address']
        : []),
      ...(groups === undefined ? [groupless(trial)] : []),
      ...(claims === undefined ? ['has no claims'] : []),
      ...(trial.isAsSaid === true ? ['is not blocked'] : []),
    ],
  }
}

function groupless({ isAsSaid = false }: Trial): string {
  return isAsSaid ? 'is in no group' : 'is in no group but those of the directory'
}

/** Somebody of whom nothing is known but a name; an id that nobody has is better than one that may be another's. */
function strangerOf(person: string): Subject {
  const isEmail = person.includes('@')
  return {
    kind: 'person',
    userId: person,
    provider: defaultProviderId,
    email: isEmail ? person : undefined,
    emailVerified: isEmail,
    groups: [],
    claims: {},
  }
}

/** A service account as policies see it. */
export function accountOf(id: string): Subject {
  return {
    kind: 'service-account',
    userId: id,
    email: undefined,
    emailVerified: false,
    groups: [],
    claims: {},
  }
}

/** Whether a name is that of somebody: their user id, or their email address whatever its case. */
export function isNamed({ userId, email }: Subject, name: string): boolean {
  return userId === name || (email !== undefined && foldCase(email) === foldCase(name))
}

function certificateIn(tried: TriedCertificate): ClientCertificate {
  return {
    ...anyValidCertificate,
    isValid: tried.valid ?? true,
    fingerprint: tried.fingerprint?.replaceAll(':', '').toLowerCase() ?? '',
    spkiHash: tried.spkiHash ?? '',
    dnsNames: tried.dnsNames ?? [],
    emailAddresses: tried.emailAddresses ?? [],
    uris: tried.uris ?? [],
  }
}
