import { lazy, type ComponentType } from 'react'
import { Home } from '../list/home.tsx'

/** A view of the window. The list comes with the page, each of the others when somebody first goes there. */
export interface View {
  /** As wouter writes paths: `/connections/:id`. */
  readonly path: string
  readonly Content: ComponentType
}

export const views: readonly View[] = [
  { path: '/', Content: Home },
  { path: '/new', Content: lazy(() => import('../form/new-view.tsx')) },
  { path: '/connections/:id', Content: lazy(() => import('../view/connection-view.tsx')) },
  { path: '/connections/:id/edit', Content: lazy(() => import('../form/edit-view.tsx')) },
  { path: '/load', Content: lazy(() => import('../transfer/load-view.tsx')) },
  { path: '/import', Content: lazy(() => import('../transfer/import-view.tsx')) },
  { path: '/settings', Content: lazy(() => import('../settings/settings-view.tsx')) },
]
