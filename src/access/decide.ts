import type { Clock } from '../clock.ts'
import type { AnySession } from '../identity/session.ts'
import type { PresentedCertificate } from '../net/presented-certificate.ts'
import type { Decision } from '../policy/decision.ts'
import type { ClientCertificate, Subject } from '../policy/facts.ts'
import type { Route } from '../routes/route.ts'

/** Who asks, as far as a policy looks at it. */
export interface Asker {
  /** Undefined for somebody who is not signed in. */
  readonly session: AnySession | undefined
  /** The client's address. */
  readonly ip: string
  /** What the client showed in its TLS handshake: without it, no route that asks for one is theirs. */
  readonly clientCertificate?: PresentedCertificate | undefined
}

/** What was shown in a TLS handshake, by what is trusted now. */
export interface CertificateJudge {
  /** As policies read it. */
  facts(presented: PresentedCertificate | undefined): ClientCertificate | undefined
  /** Why it is not trusted, for the logs; undefined when it is, or is none. */
  problemOf(presented: PresentedCertificate | undefined): string | undefined
}

/** Somebody as policies see them now. */
export type Subjects = (session: AnySession | undefined) => Subject | undefined

/** Asks a policy without a trace in the logs: nobody gets a grant by it. */
export function createDecide(
  clock: Clock,
  clientCertificates: CertificateJudge,
  subjects: Subjects,
): (route: Route, asker: Asker) => Decision {
  return ({ policy }, { session, ip: sourceIp, clientCertificate: presented }) => {
    const clientCertificate = clientCertificates.facts(presented)
    const subject = subjects(session)
    const nowMs = clock.now()
    const tunnel = { method: 'CONNECT', path: '' }
    const facts = { subject, ...tunnel, sourceIp, clientCertificate, nowMs }
    const decision = policy.evaluate(facts)
    const isForSomebody = session !== undefined && decision.outcome === 'client-certificate'
    return isForSomebody ? policy.evaluate({ ...facts, clientCertificate: anyValid }) : decision
  }
}

/**
 * People look at their routes in a browser, and use them with a program that has the certificate. So
 * whoever is signed in is shown what they may use with a valid one; without one, nothing opens.
 */
const anyValid: ClientCertificate = {
  isValid: true,
  fingerprint: '',
  spkiHash: '',
  dnsNames: [],
  emailAddresses: [],
  uris: [],
  validUntilMs: undefined,
}
