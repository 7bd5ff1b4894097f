import { useQuery } from '@tanstack/react-query'
import type { PolicyLanguageAnswer } from '../../../console/wire/policy-language.ts'
import { get, type ApiFault } from '../../ui/api.ts'

/** The words of policies, which only another release of the gateway changes; undefined until they are here. */
export function usePolicyLanguage(): PolicyLanguageAnswer | undefined {
  const { data } = useQuery<PolicyLanguageAnswer, ApiFault>({
    queryKey: ['policy-language'],
    queryFn: ({ signal }) => get<PolicyLanguageAnswer>('/policy-language', { signal }),
    staleTime: Infinity,
  })
  return data
}
