import type { Clock } from '../clock.ts'
import type { AnySession } from '../identity/session.ts'
import type { PresentedCertificate } from '../net/presented-certificate.ts'
import { requestLines } from '../net/target.ts'
import type { Decision } from '../policy/decision.ts'
import type { ClientCertificate, Subject } from '../policy/facts.ts'
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
  readonly clock: Clock
  readonly clientCertificates: Pick<CertificateJudge, 'facts'>
  readonly subjectOf: Subjects
}

/** What policy says of somebody and a route. It leaves no trace in the logs, and nobody gets a grant by it. */
export interface Decide {
  /** Whether a tunnel may be opened now, or stay. */
  now(caller: Caller, route: Route): Decision
  /**
   * The same for whoever only looks. People see their routes in a browser, and use them with a program that
   * has their certificate: whoever is signed in is told what holds with a valid one.
   */
  foreseen(caller: Caller, route: Route): Decision
}

/** Makes the one place where policies are asked: for a tunnel, for one that is open, for a list of routes. */
export function createDecide({ clock, clientCertificates, subjectOf }: DecideParts): Decide {
  function decide(
    { client, session }: Caller,
    { policy }: Route,
    clientCertificate: ClientCertificate | undefined,
  ): Decision {
    return policy.evaluate({
      subject: subjectOf(session),
      ...requestLines.tcp,
      sourceIp: client.ip,
      clientCertificate,
      nowMs: clock.now(),
    })
  }

  function now(caller: Caller, route: Route): Decision {
    return decide(caller, route, clientCertificates.facts(caller.client.certificate))
  }

  return {
    now,
    foreseen(caller, route) {
      const decision = now(caller, route)
      const isSignedIn = caller.session !== undefined
      return isSignedIn && decision.outcome === 'client-certificate'
        ? decide(caller, route, anyValid)
        : decision
    },
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
