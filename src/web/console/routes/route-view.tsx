import { Button } from '@mantine/core'
import type { ReactNode } from 'react'
import { Link, useLocation, useParams } from 'wouter'
import type { RouteAnswer } from '../../../console/wire/routes.ts'
import { formatNumberOf } from '../../ui/format.ts'
import { PageHead } from '../../ui/page-head.tsx'
import { DeleteButton } from '../documents/delete-button.tsx'
import { DocumentEditor } from '../documents/document-editor.tsx'
import { DocumentPage } from '../documents/document-page.tsx'
import { pathOf, routeKind } from '../documents/document-kind.ts'
import { useMayAdd, useMayChangeRow } from '../documents/may-change.ts'
import { FileNotice } from '../documents/file-notice.tsx'
import { savedFormOf } from '../documents/kept-form.ts'
import { ProblemList } from '../documents/problem-list.tsx'
import { HiddenKeys } from './hidden-keys.tsx'
import { RouteFields, routeFormKeys } from './route-fields.tsx'
import { PageLink } from '../documents/page-link.tsx'
import { useSuggestions } from '../policies/use-suggestions.ts'

/** One route: to read, and to change where it is kept here. */
export default function RouteView(): ReactNode {
  const { id } = useParams<{ id: string }>()
  return (
    <DocumentPage<RouteAnswer> kind={routeKind} id={id}>
      {(route, isGone) => <OneRoute key={id} route={route} isGone={isGone} />}
    </DocumentPage>
  )
}

interface OneRouteProps {
  readonly route: RouteAnswer
  readonly isGone: boolean
}

function OneRoute({ route, isGone }: OneRouteProps): ReactNode {
  const { id, name, source, revision, problems, tunnels, hidden } = route
  const mayAdd = useMayAdd()
  const mayChange = useMayChangeRow()(route)
  const [, navigate] = useLocation()
  const suggest = useSuggestions(routeFormKeys)
  return (
    <>
      <PageHead
        title={name}
        lead={
          <>
            <PageLink to="/routes">Routes</PageLink> · {formatNumberOf(tunnels, 'open tunnel')}
          </>
        }
        actions={
          <>
            <Button
              component={Link}
              href={`/try?route=${encodeURIComponent(id)}`}
              variant="default"
            >
              Try it
            </Button>
            {source.kind === 'store' && (
              <Button component={Link} href={`${pathOf(routeKind, id)}/history`} variant="default">
                History
              </Button>
            )}
            {mayChange && revision !== null && !isGone && (
              <DeleteButton
                kind={routeKind}
                id={id}
                revision={revision}
                onDeleted={() => navigate('/routes')}
              />
            )}
          </>
        }
      />
      {source.kind === 'file' && (
        <FileNotice kind={routeKind} id={id} place={source.place} mayCopy={mayAdd} />
      )}
      {!mayChange && <ProblemList title="Not in use:" problems={problems} />}
      <HiddenKeys keys={hidden} />
      <DocumentEditor<RouteAnswer>
        kind={routeKind}
        id={id}
        saved={savedFormOf(route)}
        isReadOnly={!mayChange}
        isGone={isGone}
        shownKeys={routeFormKeys}
        suggest={suggest}
        fields={<RouteFields />}
        onSaved={(answer) => {
          if (answer.id !== id) navigate(pathOf(routeKind, answer.id), { replace: true })
        }}
      />
    </>
  )
}
