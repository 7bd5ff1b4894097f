import { useCallback } from 'react'
import { useSearchParams } from 'wouter'

/**
 * A word that a view keeps in its address, so that a link, a reload and the way back lead to the same. Empty
 * where there is none. A change takes the place of the last one in the history.
 */
export function useSearchState(name: string): readonly [string, (value: string) => void] {
  const [parameters, setParameters] = useSearchParams()
  const set = useCallback(
    (value: string) =>
      setParameters(
        (now) => {
          const next = new URLSearchParams(now)
          if (value === '') next.delete(name)
          else next.set(name, value)
          return next
        },
        { replace: true },
      ),
    [name, setParameters],
  )
  return [parameters.get(name) ?? '', set]
}
