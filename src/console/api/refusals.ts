import { z } from 'zod'
import type { Denial } from '../../access/denial.ts'
import { createAuthority } from '../../control/authority.ts'
import { PeerError } from '../../errors.ts'
import type { ApiParts } from '../../gateway/parts.ts'
import { explainReason } from '../../policy/explain.ts'
import { findDenial } from '../../pages/refused/denials.ts'
import { id } from '../wire/common.ts'
import { refusalView, type RefusalView } from '../wire/refusals.ts'
import { endpoint, type Endpoints } from './endpoint.ts'

export const refusalEndpoints: Endpoints = (parts) => {
  const authority = createAuthority(parts)
  return [
    endpoint({
      method: 'get',
      path: '/refusals/{id}',
      role: 'signed-in',
      summary: 'Why somebody was refused a route',
      description:
        'For the person themselves and for who administers the route; to everybody else it is the same 404 as for one that is not there.',
      params: z.strictObject({ id }),
      answer: refusalView,
      faults: [404],
      async serve({ by, params }) {
        const { userId } = by.session
        // Reading it takes its time: what they see is asked of each that is found.
        const maySee = (denial: Denial): boolean =>
          authority.sees(by)(denial.namespace) || denial.userId === userId
        const found = await findDenial(parts.denials, params.id, maySee)
        if (found === undefined)
          throw new PeerError('refusal-not-found', 'there is no such refusal, or not for you')
        return toView(found, parts)
      },
    }),
  ]
}

function toView(denial: Denial, { routeTable }: Pick<ApiParts, 'routeTable'>): RefusalView {
  const route = routeTable().routes.find((it) => it.id === denial.routeId)
  const { email, contact } = denial
  return {
    id: denial.id,
    at: new Date(denial.atMs).toISOString(),
    user_id: denial.userId,
    ...(email !== undefined && { email }),
    route_id: denial.routeId,
    route_name: denial.routeName,
    target: denial.target,
    ip: denial.ip,
    message: denial.message,
    next: denial.next,
    findings: denial.reasons.map((code) => ({ code, sentence: explainReason(code) })),
    rules: denial.trace.rules.map(({ side, number, operators }) => ({
      side,
      number,
      operators: operators.map(({ needs, criteria }) => ({
        needs,
        criteria: criteria.map(({ criterion, found, reason, needed }) => ({
          criterion,
          found,
          reason,
          needed,
        })),
      })),
    })),
    more_rules: denial.trace.hasMore,
    policies: denial.advice.map(({ policy, explanation, remediation }) => ({
      name: policy,
      ...(explanation !== '' && { explanation }),
      ...(remediation !== '' && { remediation }),
    })),
    ...(contact !== '' && { contact }),
    ...(route?.approval !== undefined && {
      request: { max_seconds: Math.floor(route.approval.maxMs / 1000) },
    }),
    break_glass: route?.breakGlass !== undefined,
  }
}
