import type { NewRoute } from '../../routes/route.ts'

/** One route that is another one after a change. */
export interface RouteChange {
  readonly id: string
  readonly before: NewRoute | undefined
  readonly after: NewRoute | undefined
}

/** The routes that a change touches, in the order of what holds then; what is the same object has not changed. */
export function changedRoutes(
  before: readonly NewRoute[],
  after: readonly NewRoute[],
): readonly RouteChange[] {
  const old = new Map(before.map((route) => [route.id, route]))
  const kept = new Set(after.map(({ id }) => id))
  return [
    ...after
      .map((route) => ({ id: route.id, before: old.get(route.id), after: route }))
      .filter((change) => change.before !== change.after),
    ...before
      .filter(({ id }) => !kept.has(id))
      .map((route) => ({ id: route.id, before: route, after: undefined })),
  ]
}
