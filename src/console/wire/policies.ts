import { z } from 'zod'
import { listQuery, pageOf } from './common.ts'
import { definition, documentRow } from './documents.ts'

/** A named policy as a list shows it; its id is its name. */
export const policyRow = documentRow.extend({
  /** In the policy language, or in the words of Cloudflare Access. */
  form: z.enum(['policy', 'policies']),
  explanation: z.string(),
  remediation: z.string(),
  /** Ids of routes that name it, disabled ones included. */
  used_by: z.array(z.string()),
})
export type PolicyRow = z.output<typeof policyRow>

/** `GET /api/v1/policies`. */
export const policiesQuery = z.strictObject({
  q: z.string().max(200).optional().describe('part of a name, explanation, remediation or tag'),
  source: z.enum(['file', 'store']).optional(),
  tag: z.string().max(64).optional(),
  state: z.enum(['in-use', 'disabled', 'problem']).optional(),
  ...listQuery,
})
export type PoliciesQuery = z.output<typeof policiesQuery>

export const policiesAnswer = pageOf(policyRow)
export type PoliciesAnswer = z.output<typeof policiesAnswer>

/** `GET /api/v1/policies/{name}`, and what a change of one answers. */
export const policyAnswer = policyRow.extend({ definition })
export type PolicyAnswer = z.output<typeof policyAnswer>
