import { useMemo } from 'react'
import { seesAll, useMe } from '../me.ts'
import { views, type View } from './views.ts'

/** The views that are for whoever looks: what their gateway would refuse is none. */
export function useViews(): readonly View[] {
  const me = useMe()
  const seesEverything = seesAll(me)
  return useMemo(
    () => views.filter(({ isForNamespaces }) => seesEverything || isForNamespaces === true),
    [seesEverything],
  )
}
