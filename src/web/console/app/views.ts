import { lazy, type ComponentType, type LazyExoticComponent } from 'react'

/** A view of the console. Each is loaded when somebody first goes there. */
export interface View {
  /** Below `/console`, as wouter writes paths: `/people/:user`. */
  readonly path: string
  /** What the navigation calls it; absent where another view leads to it. */
  readonly title?: string
  /** Whether it is for an administrator of some namespaces as well. */
  readonly isForNamespaces?: boolean
  readonly Content: LazyExoticComponent<ComponentType>
}

/** In the order of the navigation. */
export const views: readonly View[] = [
  {
    path: '/overview',
    title: 'Overview',
    Content: lazy(() => import('../overview/overview-view.tsx')),
  },
  {
    path: '/people',
    title: 'People',
    Content: lazy(() => import('../people/sessions-view.tsx')),
  },
]
