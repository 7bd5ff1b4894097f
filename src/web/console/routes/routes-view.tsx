import { Button } from '@mantine/core'
import { Fragment, type ReactNode } from 'react'
import { Link } from 'wouter'
import type { RouteRow } from '../../../console/wire/routes.ts'
import type { Column } from '../../ui/list/columns.ts'
import { RowLink } from '../../ui/list/row-controls.tsx'
import { PageHead } from '../../ui/page-head.tsx'
import { pathOf, policyKind, routeKind } from '../documents/document-kind.ts'
import { DocumentList } from '../documents/document-list.tsx'
import { RowNotes } from '../documents/row-cells.tsx'
import { useMayAdd } from '../documents/may-change.ts'
import './routes.css'

/** Every route of this gateway. */
export default function RoutesView(): ReactNode {
  const mayAdd = useMayAdd()
  return (
    <>
      <PageHead
        title="Routes"
        lead="What can be reached through this gateway: what clients ask for, where it leads, and who may."
        actions={
          <>
            <Button component={Link} href="/import" variant="default">
              {mayAdd ? 'Import and export' : 'Export'}
            </Button>
            {mayAdd && (
              <Button component={Link} href="/new-route">
                Add a route
              </Button>
            )}
          </>
        }
      />
      <DocumentList
        kind={routeKind}
        lookedThrough="Name, from, to or tag"
        nameOf={({ name }) => name}
        columns={columns}
        empty="Add one, or write routes in the configuration file."
      />
    </>
  )
}

const columns: readonly Column<RouteRow>[] = [
  {
    id: 'name',
    title: 'Route',
    width: 'minmax(11rem, 2.4fr)',
    sortBy: ({ name }) => name,
    cell: (row) => (
      <>
        <span className="row-name">
          <RowLink to={pathOf(routeKind, row.id)}>{row.name}</RowLink>
        </span>
        <RowNotes row={row} text={row.description} />
      </>
    ),
  },
  {
    id: 'from',
    title: 'From',
    width: 'minmax(9rem, 2fr)',
    sortBy: ({ from }) => from,
    cell: ({ from }) => <Address text={from.replace(/^tcp\+https:\/\//, '')} />,
  },
  {
    id: 'to',
    title: 'To',
    width: 'minmax(9rem, 2fr)',
    cell: ({ to }) =>
      to.map((one) => (
        <div key={one}>
          <Address text={one.replace(/^tcp:\/\//, '')} />
        </div>
      )),
  },
  {
    id: 'policies',
    title: 'Policies',
    width: 'minmax(5rem, 1fr)',
    cell: ({ policy_names }) =>
      policy_names.map((name) => (
        <div key={name}>
          <RowLink to={pathOf(policyKind, name)}>{name}</RowLink>
        </div>
      )),
  },
  {
    id: 'tunnels',
    title: 'Tunnels',
    width: '5.5rem',
    align: 'end',
    sortBy: ({ tunnels }) => tunnels,
    cell: ({ tunnels }) => tunnels,
  },
]

/** It breaks before a dot or a colon, where the column is narrow. */
function Address({ text }: { readonly text: string }): ReactNode {
  return text.split(/(?=[.:,])/).map((part, index) => (
    // What an address is made of has no name but its place.
    <Fragment key={index}>
      {index > 0 && <wbr />}
      {part}
    </Fragment>
  ))
}
