import { skipToken, useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { get, type ApiFault } from '../../ui/api.ts'
import { useSearchWords } from '../../ui/search-state.ts'
import { withKey, type Body } from './body.ts'
import { keyAgain, pathOf, type DocumentKind } from './document-kind.ts'
import { emptyForm, type SavedForm } from './kept-form.ts'

export interface Copied {
  /** Undefined while it is asked for. */
  readonly form: SavedForm | undefined
  readonly fault: ApiFault | null
  /** Tells it from other new ones. */
  readonly key: string
}

/**
 * What a new one begins with: nothing, or the one that `?copy=ID` names, without what only one may have. With `?again=ID` it
 * is what somebody had changed of one that is gone.
 */
export function useCopied(kind: DocumentKind, own: string): Copied {
  const [search] = useSearchWords()
  const id = search.get('copy')
  const again = search.get('again')
  const { data, error } = useQuery<{ definition: Body; tags: readonly string[] }, ApiFault>({
    queryKey: [kind.many, 'one', id],
    queryFn: id === null ? skipToken : ({ signal }) => get(pathOf(kind, id), { signal }),
  })
  const form = useMemo(() => {
    if (id === null) return emptyForm
    if (data === undefined) return undefined
    return { ...emptyForm, definition: withKey(data.definition, own, undefined), tags: data.tags }
  }, [id, data, own])
  const key = id === null ? 'new' : `new like ${id}`
  return { form, fault: error, key: again === null ? key : keyAgain(again) }
}
