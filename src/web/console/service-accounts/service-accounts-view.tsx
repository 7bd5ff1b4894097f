import { Button, Group } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useMemo, useState, type ReactNode } from 'react'
import { addressOf, del } from '../../ui/api.ts'
import { useConfirm } from '../../ui/confirm.tsx'
import { formatNumberOf } from '../../ui/format.ts'
import type { Column } from '../../ui/list/columns.ts'
import { DataList } from '../../ui/list/data-list.tsx'
import { RowButton } from '../../ui/list/row-controls.tsx'
import { Moment } from '../../ui/moment.tsx'
import { PageHead } from '../../ui/page-head.tsx'
import { Empty } from '../../ui/states.tsx'
import { useAct } from '../../ui/act.ts'
import { useMayChange } from '../me.ts'
import { usePages } from '../pages.ts'
import { QueryView } from '../../ui/query-view.tsx'
import { CreateDialog } from './create-dialog.tsx'
import { RotateDialog } from './rotate-dialog.tsx'
import { formats, type ServiceAccount } from './service-account.ts'

const kind = 'service-accounts'

/** The programs that have access by a credential of their own. */
export default function ServiceAccountsView(): ReactNode {
  const { query, rows, total, more } = usePages<ServiceAccount>(kind, '/service-accounts')
  const mayChange = useMayChange()()
  const [isCreating, setCreating] = useState(false)
  const [rotated, setRotated] = useState<ServiceAccount>()
  const revoke = useRevoke()
  const client = useQueryClient()
  const refresh = (): void => void client.invalidateQueries({ queryKey: [kind] })
  const columns = useMemo(
    () => [...facts, ...(mayChange ? [changes({ rotate: setRotated, revoke })] : [])],
    [mayChange, revoke],
  )
  return (
    <>
      <PageHead
        title="Service accounts"
        lead="Programs that no person sits in front of, and the credentials they come with."
        actions={
          <>
            <Button component="a" variant="default" href={addressOf('/service-accounts.csv')}>
              Export as CSV
            </Button>
            {mayChange && <Button onClick={() => setCreating(true)}>Create</Button>}
          </>
        }
      />
      <QueryView what="the service accounts" query={query}>
        {() =>
          rows.length === 0 ? (
            <Empty title="There is no service account.">
              A program such as a nightly backup gets one of its own, and policies name it.
            </Empty>
          ) : (
            <>
              <p className="count" role="status">
                {formatNumberOf(total ?? rows.length, 'service account')}
              </p>
              <DataList
                label="Service accounts"
                columns={columns}
                rows={rows}
                keyOf={idOf}
                total={total}
                more={more}
              />
            </>
          )
        }
      </QueryView>
      <CreateDialog isOpen={isCreating} close={() => setCreating(false)} created={refresh} />
      <RotateDialog account={rotated} close={() => setRotated(undefined)} rotated={refresh} />
    </>
  )
}

const idOf = ({ id }: ServiceAccount): string => id

/** Asks, and ends a service account. */
function useRevoke(): (account: ServiceAccount) => void {
  const ask = useConfirm()
  const { act } = useAct()
  return useMemo(
    () =>
      ({ id, tunnels }) =>
        void (async () => {
          const answer = await ask({
            title: `Revoke ${id}?`,
            body: `Its credential stops working at once, and its ${formatNumberOf(tunnels, 'tunnel')} end. It cannot be taken back: the id stays taken.`,
            action: 'Revoke it',
          })
          if (answer === undefined) return
          await act({
            async run() {
              await del(`/service-accounts/${encodeURIComponent(id)}`)
              return `Revoked ${id}`
            },
            failed: `${id} was not revoked`,
            changes: [kind, 'tunnels'],
          })
        })(),
    [ask, act],
  )
}

const facts: readonly Column<ServiceAccount>[] = [
  {
    id: 'id',
    title: 'Id',
    width: 'minmax(10rem, 2fr)',
    cell: ({ id, description }) => (
      <>
        {id}
        {description !== '' && <div className="second">{description}</div>}
      </>
    ),
  },
  {
    id: 'state',
    title: 'State',
    width: '5rem',
    cell: ({ state }) => <span data-state={state}>{state}</span>,
  },
  {
    id: 'credential',
    title: 'Credential',
    width: 'minmax(9rem, 1fr)',
    cell: ({ format, rotated_at, old_credential_until }) => (
      <>
        {formats[format]}, of <Moment at={rotated_at} />
        {old_credential_until !== null && (
          <div className="second">
            the one before is good until <Moment at={old_credential_until} />
          </div>
        )}
      </>
    ),
  },
  {
    id: 'expires',
    title: 'Expires',
    width: '8.5rem',
    cell: ({ expires_at }) => (expires_at === null ? 'never' : <Moment at={expires_at} />),
  },
  {
    id: 'used',
    title: 'Last used',
    width: '7rem',
    cell: ({ last_used_on }) => last_used_on ?? 'never',
  },
  { id: 'tunnels', title: 'Tunnels', width: '5rem', align: 'end', cell: ({ tunnels }) => tunnels },
]

interface Changes {
  readonly rotate: (account: ServiceAccount) => void
  readonly revoke: (account: ServiceAccount) => void
}

function changes({ rotate, revoke }: Changes): Column<ServiceAccount> {
  return {
    id: 'changes',
    title: 'Change',
    width: '11rem',
    cell: (account) =>
      account.state === 'revoked' ? (
        ''
      ) : (
        <Group gap="xs">
          <RowButton of={account.id} onClick={() => rotate(account)}>
            Replace
          </RowButton>
          <RowButton of={account.id} onClick={() => revoke(account)}>
            Revoke
          </RowButton>
        </Group>
      ),
  }
}
