import { formatAuthority } from '../address.ts'
import { lacksAllow } from './access-grant.ts'
import { AccessError } from '../errors.ts'
import { hasCredential } from '../identity/credential-headers.ts'
import type { BlockedPeople } from '../identity/blocked-people.ts'
import type { AnySession } from '../identity/session.ts'
import type { Advice, Decision } from '../policy/decision.ts'
import { explainReason } from '../policy/explain.ts'
import { isAboutMissingCertificate } from '../policy/language/verdict.ts'
import type { AuthorizeLog } from '../telemetry/authorize-log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { CertificateJudge, Decide } from './decide.ts'
import type { RequestHeaders } from '../request-headers.ts'
import { requestLines } from '../net/target.ts'
import type { Caller } from './caller.ts'
import type { Grant, TunnelRequest } from './grant.ts'
import type { GroupsClaim } from './groups-claim.ts'
import type { KeepDenial } from './denial.ts'
import { DeniedError } from './denied.ts'
import { whomToAsk } from '../routes/route.ts'
import type { Route } from '../routes/route.ts'
import type { Turns } from '../turns.ts'

/** Where a decision looks, besides at who asks for what. */
export interface Circumstances {
  readonly route: Route
  /** For the log; only at the first decision. */
  readonly headers?: RequestHeaders
  /** Whether a live tunnel is decided again: then only a refusal is logged. */
  readonly isRecheck?: boolean
}

export type Authorize = (
  request: TunnelRequest,
  caller: Caller,
  circumstances: Circumstances,
) => Grant

export interface AuthorizeParts {
  readonly decide: Pick<Decide, 'now' | 'explain'>
  readonly authorizeLog: AuthorizeLog
  readonly metrics: Metrics
  readonly clientCertificates: Pick<CertificateJudge, 'problemOf'>
  readonly groupsClaim: GroupsClaim
  readonly blockedPeople: Pick<BlockedPeople, 'check'>
  /** What is said of a live tunnel that may no longer be passes here. **Default:** it is said at once */
  readonly words?: Pick<Turns, 'pass'> | undefined
  /** Keeps why a person was refused. **Default:** nothing is kept */
  readonly keepDenial?: KeepDenial | undefined
  /** As in `FreshGrantParts`. */
  settingsRevision(): number
}

/**
 * Makes the one function that turns a policy's decision into a grant.
 *
 * It throws `AccessError` `person-blocked`, `sign-in-required` or `credential-unknown`, or `DeniedError` `policy-denied`,
 * `client-certificate-required` or `client-certificate-invalid`; what these say to somebody who is not
 * signed in tells nothing about the policy.
 */
export function createAuthorize({
  decide,
  authorizeLog,
  metrics,
  clientCertificates,
  groupsClaim,
  blockedPeople,
  words,
  keepDenial,
  settingsRevision,
}: AuthorizeParts): Authorize {
  /** Says of a refusal where the person it concerns reads more. */
  function explained(error: AccessError, request: TunnelRequest, caller: Caller, route: Route) {
    const { session, client } = caller
    if (!(error instanceof DeniedError) || session?.kind !== 'person') return error
    const known = {
      id: request.requestId,
      userId: session.userId,
      routeId: route.id,
      ip: client.ip,
      message: error.message,
    }
    error.page = keepDenial?.({ ...known, routeRevision: route.revision }, () => ({
      ...known,
      email: session.email,
      routeName: route.name,
      namespace: route.namespace,
      contact: route.contact,
      target: formatAuthority(request.target),
      next: error.hint ?? '',
      reasons: error.reasons,
      advice: error.advice,
      trace: decide.explain(caller, route),
    }))
    return error
  }

  return (request, caller, { route, headers, isRecheck = false }) => {
    const { client, session } = caller
    const { requestId, authority, target } = request
    // Since their session was read the provider may have been asked, which takes its time.
    if (session?.kind === 'person') blockedPeople.check(session)
    const decision = decide.now(caller, route)
    metrics.decided(decision.outcome, route)
    const groupsFault = groupsClaim.faultOf(decision, session)
    if (!isRecheck || decision.outcome !== 'allow') {
      const line = {
        requestId,
        ...requestLines[target.protocol],
        authority,
        ip: client.ip,
        headers,
        session,
        route,
        decision,
        isRecheck,
      }
      // The tunnel is to be cut first.
      if (isRecheck && words !== undefined) words.pass(() => authorizeLog.check(line))
      else authorizeLog.check(line)
    }
    if (decision.outcome === 'client-certificate') {
      const problem = clientCertificates.problemOf(client.certificate)
      throw explained(certificateRefusal(decision, problem), request, caller, route)
    }
    const isNobody = session === undefined && route.policy.readsSubject
    if (decision.outcome === 'deny' && isNobody && hasCredential(headers ?? {})) {
      throw unknownCredential()
    }
    if (decision.outcome !== 'allow') {
      const refusal = refusalOf(decision, { request, session, route, groupsFault })
      throw explained(refusal, request, caller, route)
    }
    const validUntilMs = earliest(decision.validUntilMs, session?.expiresAtMs)
    // The brand exists for the compiler only: this is the one place that may claim it.
    const revision = settingsRevision()
    return { request, caller, route, settingsRevision: revision, decision, validUntilMs } as Grant
  }
}

function earliest(...timesMs: readonly (number | undefined)[]): number | undefined {
  const known = timesMs.filter((timeMs) => timeMs !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}

/** Why a certificate is not trusted is for the log alone: it tells a stranger what to try next. */
function certificateRefusal({ deny, allow }: Decision, problem: string | undefined): DeniedError {
  const reasons = [...new Set([...deny.reasons, ...allow.reasons])].filter(
    isAboutMissingCertificate,
  )
  return new DeniedError('a valid client certificate is required', reasons, certificateHint, {
    code: reasons.includes('invalid-client-certificate')
      ? 'client-certificate-invalid'
      : 'client-certificate-required',
    cause: problem && new Error(`client certificate not trusted: ${problem}`),
  })
}

const certificateHint =
  'show one that this gateway trusts: "postern tcp --client-cert FILE --client-key FILE"'

/** Somebody who shows what is nobody's would look for a fault in the policy. What is wrong with it is for the log. */
function unknownCredential(): AccessError {
  return new AccessError(
    'credential-unknown',
    'the gateway does not accept the credential that this request carries',
    {
      hint: 'it may be mistyped, expired or revoked: ask whoever runs this gateway for another, or sign in',
    },
  )
}

interface Refused {
  readonly request: TunnelRequest
  readonly session: AnySession | undefined
  readonly route: Route
  readonly groupsFault: string | undefined
}

function refusalOf(
  decision: Decision,
  { request, session, route, groupsFault }: Refused,
): AccessError {
  if (decision.outcome === 'sign-in') {
    return new AccessError('sign-in-required', 'this route needs you to sign in', {
      hint: 'sign in; "postern tcp" opens the browser for you',
    })
  }
  if (session === undefined) {
    return new DeniedError(
      'you may not use this route',
      [],
      'ask whoever runs this gateway for access',
    )
  }
  const { deny, allow, advice = [] } = decision
  const { reasons } = deny.value ? deny : allow
  const explanations = advice.map(({ explanation }) => explanation).filter((it) => it !== '')
  const sentences = [...reasons.map(explainReason), groupsFault, ...explanations]
  const why = sentences.filter((sentence) => sentence !== undefined).join('; ')
  const name = `"${session.email ?? session.userId}"`
  const who = session.kind === 'service-account' ? `service account ${name}` : name
  return new DeniedError(
    `${who} may not use route "${route.name}"${why === '' ? '' : `: ${why}`}`,
    reasons,
    [
      ...remediationsOf(advice),
      ...requestHint(decision, request, session, route),
      `ask ${whomToAsk(route)} for access, and give the request id`,
    ].join('; or '),
    { advice },
  )
}

/** How to ask for access for a while, where that would help. */
function requestHint(
  decision: Decision,
  { target }: TunnelRequest,
  session: AnySession,
  { approval }: Route,
): readonly string[] {
  if (approval === undefined || session.kind !== 'person' || !lacksAllow(decision)) return []
  return [`ask for it with "postern request ${formatAuthority(target)} --for 1h --reason TEXT"`]
}

/** Each once: several policies may send people to one place. */
function remediationsOf(advice: readonly Advice[]): readonly string[] {
  return [...new Set(advice.map(({ remediation }) => remediation).filter((it) => it !== ''))]
}
