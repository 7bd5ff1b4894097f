import { Button } from '@mantine/core'
import type { ReactNode } from 'react'
import { Link } from 'wouter'
import type { PolicyRow } from '../../../console/wire/policies.ts'
import { formatNumberOf } from '../../ui/format.ts'
import type { Column } from '../../ui/list/columns.ts'
import { RowLink } from '../../ui/list/row-controls.tsx'
import { PageHead } from '../../ui/page-head.tsx'
import { pathOf, policyKind } from '../documents/document-kind.ts'
import { DocumentList } from '../documents/document-list.tsx'
import { RowNotes } from '../documents/row-cells.tsx'
import { useMayAdd } from '../documents/may-change.ts'

/** Every policy that has a name. */
export default function PoliciesView(): ReactNode {
  const mayAdd = useMayAdd()
  return (
    <>
      <PageHead
        title="Policies"
        lead="Who may, said once and used by many routes. A route may have a policy of its own beside them."
        actions={
          mayAdd && (
            <Button component={Link} href="/new-policy">
              Add a policy
            </Button>
          )
        }
      />
      <DocumentList
        kind={policyKind}
        lookedThrough="Name, explanation, remediation or tag"
        nameOf={({ id }) => id}
        columns={columns}
        empty="Add one, and name it in the routes that are to go by it."
      />
    </>
  )
}

const columns: readonly Column<PolicyRow>[] = [
  {
    id: 'name',
    title: 'Policy',
    width: 'minmax(10rem, 2fr)',
    sortBy: ({ id }) => id,
    cell: (row) => (
      <>
        <span className="row-name">
          <RowLink to={pathOf(policyKind, row.id)}>{row.id}</RowLink>
        </span>
        <RowNotes row={row} text={row.explanation} />
      </>
    ),
  },
  {
    id: 'used',
    title: 'Used by',
    width: 'minmax(6rem, 1fr)',
    sortBy: ({ used_by }) => used_by.length,
    cell: ({ used_by }) =>
      used_by.length === 0 ? 'no route' : formatNumberOf(used_by.length, 'route'),
  },
  {
    id: 'form',
    title: 'Written as',
    width: 'minmax(6rem, 1fr)',
    cell: ({ form }) => (form === 'policies' ? 'rules' : 'policy language'),
  },
]
