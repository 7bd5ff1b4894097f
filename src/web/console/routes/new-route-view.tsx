import type { ReactNode } from 'react'
import { useLocation } from 'wouter'
import type { RouteAnswer } from '../../../console/wire/routes.ts'
import { PageHead } from '../../ui/page-head.tsx'
import { Failed, Loading } from '../../ui/states.tsx'
import { DocumentEditor } from '../documents/document-editor.tsx'
import { pathOf, routeKind } from '../documents/document-kind.ts'
import { useCopied } from '../documents/use-copied.ts'
import { RouteFields, routeFormKeys } from './route-fields.tsx'
import { PageLink } from '../documents/page-link.tsx'
import { useSuggestions } from '../policies/use-suggestions.ts'

/** A route that is not there yet. */
export default function NewRouteView(): ReactNode {
  const { form, fault, key } = useCopied(routeKind, 'id')
  const [, navigate] = useLocation()
  const suggest = useSuggestions(routeFormKeys)
  if (form === undefined) {
    return fault === null ? (
      <Loading what="the route to copy" />
    ) : (
      <Failed what="the route to copy" fault={fault} />
    )
  }
  return (
    <>
      <PageHead title="New route" lead={<PageLink to="/routes">Routes</PageLink>} />
      <DocumentEditor<RouteAnswer>
        kind={routeKind}
        id={undefined}
        newKey={key}
        saved={form}
        isReadOnly={false}
        shownKeys={routeFormKeys}
        suggest={suggest}
        fields={<RouteFields />}
        onSaved={({ id }) => navigate(pathOf(routeKind, id), { replace: true })}
      />
    </>
  )
}
