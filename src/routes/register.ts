import type { NewRoute, Route } from './route.ts'
import { createRouteTable, type RouteTable } from './table.ts'

/** What becomes of the routes, as one step. */
export interface RouteChanges {
  /** New routes, and new forms of those that have their id. */
  readonly put?: readonly NewRoute[]
  /** Ids of those that go. */
  readonly remove?: readonly string[]
  /** Every id there is then, in the order of the list; without it each stays, and new ones come last. */
  readonly order?: readonly string[]
}

/** The routes of a gateway while they change. */
export interface RouteRegister {
  /** The table that holds now; another one after each change. */
  table(): RouteTable
  /**
   * Changes some of the routes, all at once: whoever asks finds the old table or the new one. What does
   * not change stays the same object, with its revision.
   *
   * @throws TypeError, and changes nothing, for an `order` that is not of these routes, each once, and
   * for two routes of one id
   */
  replaceRoutes(changes: RouteChanges): void
}

/** Starts with these routes. */
export function createRouteRegister(first: readonly NewRoute[]): RouteRegister {
  const forms = new WeakMap<Route, NewRoute>()
  let lastRevision = 0

  function number(form: NewRoute): Route {
    lastRevision += 1
    const route = { ...form, revision: lastRevision }
    forms.set(route, form)
    return route
  }

  function changed(routes: readonly Route[], changes: RouteChanges): readonly Route[] {
    const { put = [], remove = [], order } = changes
    requireOnce(put.map(({ id }) => id))
    const next = new Map(routes.map((route) => [route.id, route]))
    for (const id of remove) next.delete(id)
    for (const form of put) {
      const before = next.get(form.id)
      if (before === undefined || (forms.get(before) !== form && before !== form)) {
        next.set(form.id, number(form))
      }
    }
    return order === undefined ? [...next.values()] : inOrder(next, order)
  }

  let table = createRouteTable(changed([], { put: first }))
  return {
    table: () => table,
    replaceRoutes(changes) {
      table = createRouteTable(changed(table.routes, changes))
    },
  }
}

/** The changes that leave these routes and no other. */
export function changesTo(
  next: readonly NewRoute[],
  { routes }: Pick<RouteTable, 'routes'>,
): RouteChanges {
  const order = next.map(({ id }) => id)
  const stay = new Set(order)
  const remove = routes.map(({ id }) => id).filter((id) => !stay.has(id))
  return { put: next, remove, order }
}

function inOrder(routes: ReadonlyMap<string, Route>, order: readonly string[]): readonly Route[] {
  requireOnce(order)
  const ordered = order.map((id) => routes.get(id)).filter((route) => route !== undefined)
  if (ordered.length !== routes.size || ordered.length !== order.length) {
    throw new TypeError('the order of routes must name every one of them, and no other')
  }
  return ordered
}

function requireOnce(ids: readonly string[]): void {
  if (new Set(ids).size !== ids.length) throw new TypeError('two routes have one id')
}
