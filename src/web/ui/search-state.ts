import { useCallback } from 'react'
import { useSearch } from 'wouter'

/** Changes some words of the page's address; an empty one goes. The history keeps its length. */
export type ChangeSearch = (change: Readonly<Record<string, string>>) => void

/**
 * What the page's address asks, after its question mark. wouter decodes that as a whole before it takes it apart, by
 * which a name with a percent sign becomes another one: it only tells when to look.
 */
export function useSearchWords(): readonly [URLSearchParams, ChangeSearch] {
  useSearch()
  const change = useCallback<ChangeSearch>((words) => {
    const next = new URLSearchParams(location.search)
    for (const [name, value] of Object.entries(words))
      if (value === '') next.delete(name)
      else next.set(name, value)
    const search = next.size === 0 ? location.pathname : `?${next.toString()}`
    history.replaceState(history.state, '', search)
  }, [])
  return [new URLSearchParams(location.search), change]
}

/**
 * A word that a view keeps in its address, so that a link, a reload and the way back lead to the same. Empty
 * where there is none.
 */
export function useSearchState(name: string): readonly [string, (value: string) => void] {
  const [words, change] = useSearchWords()
  const set = useCallback((value: string) => change({ [name]: value }), [name, change])
  return [words.get(name) ?? '', set]
}
