import type { Clock } from '../clock.ts'
import type { PresentedCertificate } from '../net/presented-certificate.ts'
import {
  lacksAllow,
  withAccess,
  type AccessDecision,
  type FindAccessGrant,
} from './access-grant.ts'
import { requestLines } from '../net/target.ts'
import type { ClientCertificate, RequestFacts, Subject } from '../policy/facts.ts'
import type { Policy } from '../policy/policy.ts'
import type { PolicyTrace } from '../policy/trace.ts'
import { traceFor, type OwnTrace } from '../policy/tracing/trace-for.ts'
import type { Route } from '../routes/route.ts'
import type { Caller } from './caller.ts'

/** What was shown in a TLS handshake, by what is trusted now. */
export interface CertificateJudge {
  /** As policies read it. */
  facts(presented: PresentedCertificate | undefined): ClientCertificate | undefined
  /** Why it is not trusted, for the logs; undefined when it is trusted or when there is none. */
  problemOf(presented: PresentedCertificate | undefined): string | undefined
}

/** Somebody as policies see them now: with the groups of the directory. */
export type Subjects = (who: Subject | undefined) => Subject | undefined

/** Somebody who does not ask, as they would come. */
export interface SupposedCaller {
  /** Undefined for somebody who is not signed in; the groups of the directory are added, unless `isAsSaid`. */
  readonly subject: Subject | undefined
  /** Whether nothing that is known here is added to the subject. **Default:** false */
  readonly isAsSaid?: boolean
  readonly ip: string
  /** Undefined for none. */
  readonly clientCertificate: ClientCertificate | undefined
  /** Milliseconds since the epoch. */
  readonly nowMs: number
}

export interface DecideParts {
  /** **Default:** nobody was given any */
  readonly accessGrant?: FindAccessGrant
  readonly clock: Clock
  readonly clientCertificates: Pick<CertificateJudge, 'facts'>
  readonly subjectOf: Subjects
}

/** What policy says of somebody and a route. It leaves no trace in the logs, and nobody gets a grant by it. */
export interface Decide {
  /** Whether a tunnel may be opened now, or stay. */
  now(caller: Caller, route: Route): AccessDecision
  /**
   * The same for whoever only looks. People see their routes in a browser, and use them with a program that
   * has their certificate: whoever is signed in is told what holds with a valid one.
   */
  foreseen(caller: Caller, route: Route): AccessDecision
  /** What stands in the way of somebody, in words for themselves; nothing for a stranger. */
  explain(caller: Caller, route: Route): OwnTrace
  /** Whether a policy that is no route's lets somebody do what it is about. */
  fits(caller: Caller, policy: Policy): boolean
  /** Somebody with the groups of the directory, as policies see them now. */
  readonly subjectOf: Subjects
  /** What would be decided for somebody who came like this. */
  supposed(caller: SupposedCaller, route: Route): AccessDecision
  /** Everything that leads to that, as the policy has it: where a grant lets somebody in, the trace says no. */
  traced(caller: SupposedCaller, route: Route): PolicyTrace
}

/** Makes the one place where policies are asked: for a tunnel, for one that is open, for a list of routes. */
export function createDecide(parts: DecideParts): Decide {
  const { clock, clientCertificates, subjectOf, accessGrant } = parts

  function factsOf(caller: SupposedCaller): RequestFacts {
    const { subject, isAsSaid = false, ip, clientCertificate, nowMs } = caller
    return {
      subject: isAsSaid ? subject : subjectOf(subject),
      ...requestLines.tcp,
      sourceIp: ip,
      clientCertificate,
      nowMs,
    }
  }

  function comesAs(
    { client, session }: Caller,
    clientCertificate = clientCertificates.facts(client.certificate),
  ): SupposedCaller {
    return { subject: session, ip: client.ip, clientCertificate, nowMs: clock.now() }
  }

  function decide(caller: SupposedCaller, route: Route): AccessDecision {
    const decision = route.policy.evaluate(factsOf(caller))
    if (!lacksAllow(decision)) return decision
    const { subject, nowMs } = caller
    const mayAsk = route.approval !== undefined || route.breakGlass !== undefined
    if (subject === undefined) return mayAsk ? { ...decision, outcome: 'sign-in' } : decision
    const access = subject.kind === 'person' ? accessGrant?.(subject.userId, route) : undefined
    const isOver = access === undefined || access.untilMs <= nowMs
    return isOver ? decision : withAccess(decision, access, route)
  }

  return {
    now: (caller, route) => decide(comesAs(caller), route),
    foreseen(caller, route) {
      const decision = decide(comesAs(caller), route)
      const isSignedIn = caller.session !== undefined
      return isSignedIn && decision.outcome === 'client-certificate'
        ? decide(comesAs(caller, anyValidCertificate), route)
        : decision
    },
    explain: (caller, route) =>
      traceFor(route.policy.trace(factsOf(comesAs(caller))), caller.session !== undefined),
    fits: (caller, policy) => policy.evaluate(factsOf(comesAs(caller))).outcome === 'allow',
    subjectOf,
    supposed: decide,
    traced: (caller, { policy }) => policy.trace(factsOf(caller)),
  }
}

/** One that the gateway trusts, and that nothing else is known of. */
export const anyValidCertificate: ClientCertificate = {
  isValid: true,
  fingerprint: '',
  spkiHash: '',
  dnsNames: [],
  emailAddresses: [],
  uris: [],
  validUntilMs: undefined,
}
