import type { ReactNode } from 'react'
import { Link, useLocation } from 'wouter'
import type { RouteAnswer } from '../../../console/wire/routes.ts'
import { PageHead } from '../../ui/page-head.tsx'
import { Failed, Loading } from '../../ui/states.tsx'
import { DocumentEditor } from '../documents/document-editor.tsx'
import { pathOf, routeKind } from '../documents/document-kind.ts'
import { useCopied } from '../documents/use-copied.ts'
import { RouteFields, routeFormKeys } from './route-fields.tsx'

/** A route that is not there yet. */
export default function NewRouteView(): ReactNode {
  const begin = useCopied(routeKind, 'id')
  const [, navigate] = useLocation()
  if (begin instanceof Error) return <Failed what="the route to copy" fault={begin} />
  if (begin === undefined) return <Loading what="the route to copy" />
  return (
    <>
      <PageHead title="New route" lead={<Link href="/routes">Routes</Link>} />
      <DocumentEditor<RouteAnswer>
        kind={routeKind}
        id={undefined}
        saved={begin}
        isReadOnly={false}
        shownKeys={routeFormKeys}
        fields={<RouteFields />}
        onSaved={({ id }) => navigate(pathOf(routeKind, id), { replace: true })}
      />
    </>
  )
}
