import { accept, reject } from './always.ts'
import { claim } from './claim.ts'
import { clientCertificate } from './client-certificate.ts'
import type { Criterion } from './criterion.ts'
import { date } from './date.ts'
import { dayOfWeek } from './day-of-week.ts'
import { domain, email } from './email.ts'
import { groups } from './groups.ts'
import { httpMethod, httpPath } from './http.ts'
import { invalidClientCertificate } from './invalid-client-certificate.ts'
import { provider } from './provider.ts'
import { sourceIp } from './source-ip.ts'
import { timeOfDay } from './time-of-day.ts'
import { authenticatedUser, user } from './user.ts'

/**
 * Every criterion there is, in the order of the docs. A new one is a file beside this one, a line here,
 * and a sentence in `explain.ts` for each reason it gives; `language/*-criteria.test.ts` ask them in
 * whole policies.
 */
export const allCriteria: readonly Criterion[] = [
  accept,
  reject,
  authenticatedUser,
  user,
  provider,
  email,
  domain,
  claim,
  groups,
  sourceIp,
  httpMethod,
  httpPath,
  clientCertificate,
  invalidClientCertificate,
  date,
  dayOfWeek,
  timeOfDay,
]

/** A criterion as the docs show it. */
export interface CriterionReference extends Pick<Criterion, 'data' | 'doc' | 'reasons'> {
  /** As it is written, such as `email` or `claim/PATH`. */
  readonly name: string
}

/** What the docs are made from. */
export const criteriaReference: readonly CriterionReference[] = allCriteria.map(
  ({ name, subPath, data, doc, reasons }) => ({
    name: subPath === undefined ? name : `${name}/${subPath}`,
    data,
    doc,
    reasons,
  }),
)
