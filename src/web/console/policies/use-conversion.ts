import { useQuery, type UseQueryResult } from '@tanstack/react-query'
import type { ConvertAnswer } from '../../../console/wire/policy-language.ts'
import { post, type ApiFault } from '../../ui/api.ts'
import { formatYaml } from '../documents/yaml-text.ts'

/** The two ways to write a policy: the policy language, and the rules of Cloudflare Access. */
export type PolicyForm = 'policy' | 'policies'

/** A policy in the other form, made by the gateway; not asked for while `value` is undefined. */
export function useConversion(
  from: PolicyForm,
  value: unknown,
): UseQueryResult<ConvertAnswer, ApiFault> {
  return useQuery<ConvertAnswer, ApiFault>({
    queryKey: ['convert', from, value],
    queryFn: () => post<ConvertAnswer>('/policies/convert', { from, text: formatYaml(value) }),
    enabled: value !== undefined,
    staleTime: Infinity,
  })
}
