import { lazy, type ComponentType, type LazyExoticComponent } from 'react'

/** A view of the console. Each is loaded when somebody first goes there. */
export interface View {
  /** Below `/console`, as wouter writes paths: `/routes/:id`. */
  readonly path: string
  /** What the navigation calls it; absent where another view leads to it. */
  readonly title?: string
  /** The view of the navigation that it belongs to, where its path does not say so. */
  readonly under?: string
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
    path: '/tunnels',
    title: 'Tunnels',
    isForNamespaces: true,
    Content: lazy(() => import('../tunnels/tunnels-view.tsx')),
  },
  {
    path: '/routes',
    title: 'Routes',
    isForNamespaces: true,
    Content: lazy(() => import('../routes/routes-view.tsx')),
  },
  {
    path: '/new-route',
    under: '/routes',
    isForNamespaces: true,
    Content: lazy(() => import('../routes/new-route-view.tsx')),
  },
  {
    path: '/routes/:id',
    isForNamespaces: true,
    Content: lazy(() => import('../routes/route-view.tsx')),
  },
  {
    path: '/routes/:id/history',
    isForNamespaces: true,
    Content: lazy(() => import('../routes/route-history-view.tsx')),
  },
  {
    path: '/policies',
    title: 'Policies',
    isForNamespaces: true,
    Content: lazy(() => import('../policies/policies-view.tsx')),
  },
  {
    path: '/new-policy',
    under: '/policies',
    isForNamespaces: true,
    Content: lazy(() => import('../policies/new-policy-view.tsx')),
  },
  {
    path: '/policies/:id',
    isForNamespaces: true,
    Content: lazy(() => import('../policies/policy-view.tsx')),
  },
  {
    path: '/policies/:id/history',
    isForNamespaces: true,
    Content: lazy(() => import('../policies/policy-history-view.tsx')),
  },
  {
    path: '/try',
    title: 'Try it',
    isForNamespaces: true,
    Content: lazy(() => import('../trial/try-view.tsx')),
  },
  {
    path: '/import',
    under: '/routes',
    isForNamespaces: true,
    Content: lazy(() => import('../transfer/transfer-view.tsx')),
  },
  {
    path: '/people',
    title: 'People',
    Content: lazy(() => import('../people/sessions-view.tsx')),
  },
  { path: '/person', under: '/people', Content: lazy(() => import('../people/person-view.tsx')) },
  { path: '/blocked', under: '/people', Content: lazy(() => import('../people/blocked-view.tsx')) },
  {
    path: '/accounts',
    under: '/people',
    Content: lazy(() => import('../accounts/accounts-view.tsx')),
  },
  {
    path: '/requests',
    title: 'Requests',
    isForNamespaces: true,
    Content: lazy(() => import('../requests/requests-view.tsx')),
  },
  {
    path: '/service-accounts',
    title: 'Service accounts',
    Content: lazy(() => import('../service-accounts/service-accounts-view.tsx')),
  },
  {
    path: '/connectors',
    title: 'Connectors',
    Content: lazy(() => import('../connectors/connectors-view.tsx')),
  },
  {
    path: '/audit',
    title: 'Audit log',
    Content: lazy(() => import('../audit/audit-view.tsx')),
  },
  {
    path: '/checkpoint',
    under: '/audit',
    Content: lazy(() => import('../audit/checkpoint-view.tsx')),
  },
  {
    path: '/settings',
    title: 'Settings',
    Content: lazy(() => import('../settings/settings-view.tsx')),
  },
]
