import { invalidClientCertificate } from '../criteria/invalid-client-certificate.ts'
import type { Decision } from '../decision.ts'
import type { RequestFacts } from '../facts.ts'
import { documentRoot } from '../place.ts'
import type { Policy } from '../policy.ts'
import { isAskedFirst, type AccessPolicy } from './access-policy.ts'
import { decide, decision, type NotePolicy, type OrderedPolicies } from './decide.ts'
import { traceAccessPolicies, traceCertificate } from './trace-access-policies.ts'

/**
 * Compiles the policies of one application: those for `bypass` and `service_auth` first, then `allow` and
 * `block`, each from top to bottom. The first that matches decides, and where none does nobody gets in.
 *
 * `bypass` is for everybody, `service_auth` for service accounts alone, `allow` and `block` for people: whoever is
 * not signed in is asked to, where an `allow` could match them then.
 */
export function compileAccessPolicies(
  policies: readonly AccessPolicy[],
  { deniesInvalidCertificates }: { readonly deniesInvalidCertificates: boolean },
): Policy {
  const ordered: OrderedPolicies = {
    first: policies.filter(isAskedFirst),
    forPeople: policies.filter((policy) => !isAskedFirst(policy)),
  }
  const certificate = deniesInvalidCertificates ? invalidCertificates : undefined
  const evaluate = (facts: RequestFacts, note: NotePolicy): Decision => {
    const refused = certificate?.judge(facts, { side: 'deny', isTurned: false })
    const validUntilMs = certificate?.nextChangeMs?.(facts.nowMs, facts)
    if (refused?.value === true) {
      return decision('client-certificate', { deny: refused, validUntilMs })
    }
    return { ...decide(ordered, facts, note), validUntilMs }
  }
  return {
    readsSubject: policies.some(({ action }) => action !== 'bypass'),
    needsProvider: policies.some(({ action }) => action === 'allow'),
    readsClientCertificate: certificate !== undefined,
    evaluate: (facts) => evaluate(facts, ignore),
    trace(facts) {
      const trace = traceAccessPolicies(ordered, facts, (note) => evaluate(facts, note))
      return certificate === undefined ? trace : traceCertificate(certificate, facts, trace)
    },
  }
}

const ignore: NotePolicy = () => undefined

const parsed = invalidClientCertificate.parse(
  true,
  documentRoot({ problems: [], warnings: [] }),
  '',
)
const { name, words } = invalidClientCertificate
const invalidCertificates = parsed && { ...parsed, name, words, data: true, subPath: '' }
