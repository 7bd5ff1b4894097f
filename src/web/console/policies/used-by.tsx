import { Fragment, type ReactNode } from 'react'
import { formatCount } from '../../ui/format.ts'
import { pathOf, routeKind } from '../documents/document-kind.ts'
import { PageLink } from '../documents/page-link.tsx'

/** Routes that are named; the rest is counted. */
const shownRoutes = 8

/** Which routes go by a policy. */
export function UsedBy({ routes }: { readonly routes: readonly string[] }): ReactNode {
  const shown = routes.slice(0, shownRoutes)
  const beyond = routes.length - shown.length
  return (
    <>
      <PageLink to="/policies">Policies</PageLink> ·{' '}
      {routes.length === 0 ? 'used by no route' : 'used by '}
      {shown.map((id, index) => (
        <Fragment key={id}>
          {index > 0 && ', '}
          <PageLink to={pathOf(routeKind, id)}>{id}</PageLink>
        </Fragment>
      ))}
      {beyond > 0 && ` and ${formatCount(beyond)} more`}
    </>
  )
}
