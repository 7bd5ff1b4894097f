import { Button, Group } from '@mantine/core'
import { useMemo, useState, type ReactNode } from 'react'
import type { AccountView } from '../../../console/wire/accounts.ts'
import { formatNumberOf } from '../../ui/format.ts'
import type { Column } from '../../ui/list/columns.ts'
import { DataList } from '../../ui/list/data-list.tsx'
import { RowButton } from '../../ui/list/row-controls.tsx'
import { Moment } from '../../ui/moment.tsx'
import { PageHead } from '../../ui/page-head.tsx'
import { QueryView } from '../../ui/query-view.tsx'
import { Empty } from '../../ui/states.tsx'
import { useMayChange } from '../me.ts'
import { usePages } from '../pages.ts'
import { InviteDialog } from './invite-dialog.tsx'
import { LinkDialog, type AccountLink } from './link-dialog.tsx'
import { useChangeAccounts, type ChangeAccounts } from './use-change-accounts.ts'

/** The accounts of the gateway itself, whose people sign in with passkeys. */
export default function AccountsView(): ReactNode {
  const { query, rows, total, more } = usePages<AccountView>('accounts', '/accounts')
  const mayChange = useMayChange()()
  const [isInviting, setInviting] = useState(false)
  const [link, setLink] = useState<AccountLink>()
  const change = useChangeAccounts(setLink)
  const columns = useMemo(
    () => [...facts, ...(mayChange ? [changes(change)] : [])],
    [mayChange, change],
  )
  return (
    <>
      <PageHead
        title="Accounts"
        lead="People who sign in with passkeys that this gateway keeps, without an identity provider."
        actions={mayChange && <Button onClick={() => setInviting(true)}>Invite</Button>}
      />
      <QueryView what="the accounts" query={query}>
        {() =>
          rows.length === 0 ? (
            <Empty title="There is no account.">
              An invitation is a link, by which its person makes a passkey.
            </Empty>
          ) : (
            <>
              <p className="count" role="status">
                {formatNumberOf(total ?? rows.length, 'account')}
              </p>
              <DataList
                label="Accounts"
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
      <InviteDialog isOpen={isInviting} close={() => setInviting(false)} invited={setLink} />
      <LinkDialog link={link} close={() => setLink(undefined)} />
    </>
  )
}

const idOf = ({ id }: AccountView): string => id

const states = {
  active: 'active',
  invited: 'invited',
  'locked-out': 'locked out',
  disabled: 'disabled',
} as const

const facts: readonly Column<AccountView>[] = [
  {
    id: 'who',
    title: 'Person',
    width: 'minmax(12rem, 2fr)',
    cell: ({ email, name, groups }) => (
      <>
        {email}
        {(name !== null || groups.length > 0) && (
          <div className="second">{[...(name === null ? [] : [name]), ...groups].join(', ')}</div>
        )}
      </>
    ),
  },
  {
    id: 'state',
    title: 'State',
    width: '8.5rem',
    cell: ({ state, invited_until }) => (
      <>
        {states[state]}
        {state === 'invited' && invited_until !== null && (
          <div className="second">
            until <Moment at={invited_until} />
          </div>
        )}
      </>
    ),
  },
  {
    id: 'passkeys',
    title: 'Passkeys',
    width: '7rem',
    align: 'end',
    cell: ({ passkeys, passkeys_of_another_host: foreign }) => (
      <>
        {passkeys}
        {foreign > 0 && <div className="second">{foreign} of another host</div>}
      </>
    ),
  },
  {
    id: 'used',
    title: 'Last used',
    width: '8.5rem',
    cell: ({ last_used_at }) => (last_used_at === null ? 'never' : <Moment at={last_used_at} />),
  },
]

function changes({ reset, disable, enable, remove }: ChangeAccounts): Column<AccountView> {
  return {
    id: 'changes',
    title: 'Change',
    width: '18rem',
    cell: (account) => {
      const isDisabled = account.state === 'disabled'
      const buttons = [
        ...(isDisabled ? [] : [['New link', reset] as const]),
        isDisabled ? (['Enable', enable] as const) : (['Disable', disable] as const),
        ['Remove', remove] as const,
      ]
      return (
        <Group gap="xs">
          {buttons.map(([title, act]) => (
            <RowButton key={title} of={account.email} onClick={() => act(account)}>
              {title}
            </RowButton>
          ))}
        </Group>
      )
    },
  }
}
