import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useDebouncedValue } from '@mantine/hooks'
import type { CheckAnswer } from '../../../console/wire/documents.ts'
import { post, type ApiFault } from '../../ui/api.ts'
import type { Body } from './body.ts'
import type { DocumentKind } from './document-kind.ts'

/** While somebody types, in milliseconds. */
const checkAfterMs = 400

/** What the gateway would say of a definition if it were saved, asked a moment after each change. */
export function useCheck(
  { path, many }: DocumentKind,
  id: string | undefined,
  definition: Body,
  isWanted: boolean,
): CheckAnswer | undefined {
  const [settled] = useDebouncedValue(definition, checkAfterMs)
  const { data } = useQuery<CheckAnswer, ApiFault>({
    queryKey: [many, 'check', id, settled],
    queryFn: () => post<CheckAnswer>(`${path}/check`, { definition: settled, ...(id && { id }) }),
    enabled: isWanted,
    placeholderData: keepPreviousData,
    gcTime: 0,
  })
  return isWanted ? data : undefined
}
