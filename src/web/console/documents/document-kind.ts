/** What routes and named policies have in common, and where they differ. */
export interface DocumentKind {
  readonly kind: 'route' | 'policy'
  /** Of the API, and below the console's own address: `/routes`. */
  readonly path: string
  readonly one: string
  readonly many: string
}

export const routeKind: DocumentKind = {
  kind: 'route',
  path: '/routes',
  one: 'route',
  many: 'routes',
}

export const policyKind: DocumentKind = {
  kind: 'policy',
  path: '/policies',
  one: 'policy',
  many: 'policies',
}

/** Of the API, and of the console's page of it as well. */
export function pathOf({ path }: DocumentKind, id: string): string {
  return `${path}/${encodeURIComponent(id)}`
}

/** By which what is not saved of one is found again; new ones are told apart by a key of their own. */
export function draftKeyOf({ many }: DocumentKind, id: string): string {
  return `${many}/${id}`
}

/** What tells a new one that stands for one that is gone from other new ones. */
export function keyAgain(id: string): string {
  return `again ${id}`
}
