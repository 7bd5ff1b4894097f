import type { Clock } from '../clock.ts'
import type { AnySession } from '../identity/session.ts'
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

/** Somebody as policies see them now. */
export type Subjects = (session: AnySession | undefined) => Subject | undefined

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
}

/** Makes the one place where policies are asked: for a tunnel, for one that is open, for a list of routes. */
export function createDecide(parts: DecideParts): Decide {
  const { clock, clientCertificates, subjectOf, accessGrant } = parts

  function factsOf(
    { client, session }: Caller,
    shown = clientCertificates.facts(client.certificate),
  ): RequestFacts {
    return {
      subject: subjectOf(session),
      ...requestLines.tcp,
      sourceIp: client.ip,
      clientCertificate: shown,
      nowMs: clock.now(),
    }
  }

  function decide(caller: Caller, route: Route, shown?: ClientCertificate): AccessDecision {
    const decision = route.policy.evaluate(factsOf(caller, shown))
    if (!lacksAllow(decision)) return decision
    const { session } = caller
    const mayAsk = route.approval !== undefined || route.breakGlass !== undefined
    if (session === undefined) return mayAsk ? { ...decision, outcome: 'sign-in' } : decision
    const access = session.kind === 'person' ? accessGrant?.(session.userId, route.id) : undefined
    return access === undefined ? decision : withAccess(decision, access, route)
  }

  return {
    now: decide,
    foreseen(caller, route) {
      const decision = decide(caller, route)
      const isSignedIn = caller.session !== undefined
      return isSignedIn && decision.outcome === 'client-certificate'
        ? decide(caller, route, anyValid)
        : decision
    },
    explain: (caller, route) =>
      traceFor(route.policy.trace(factsOf(caller)), caller.session !== undefined),
    fits: (caller, policy) => policy.evaluate(factsOf(caller)).outcome === 'allow',
  }
}

const anyValid: ClientCertificate = {
  isValid: true,
  fingerprint: '',
  spkiHash: '',
  dnsNames: [],
  emailAddresses: [],
  uris: [],
  validUntilMs: undefined,
}
