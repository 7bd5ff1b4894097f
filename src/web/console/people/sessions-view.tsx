import { Anchor, Button, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { Link } from 'wouter'
import type { AccountView } from '../../../console/wire/accounts.ts'
import { addressOf } from '../../ui/api.ts'
import { formatNumberOf } from '../../ui/format.ts'
import { PageHead } from '../../ui/page-head.tsx'
import { SearchField } from '../../ui/search-field.tsx'
import { Empty } from '../../ui/states.tsx'
import { usePages } from '../pages.ts'
import { QueryView } from '../../ui/query-view.tsx'
import { useSearchState } from '../../ui/search-state.ts'
import { useBlocks } from './blocks.ts'
import type { Session } from './session.ts'
import { SessionList } from './session-list.tsx'

/** Who is signed in. */
export default function SessionsView(): ReactNode {
  const [q, setQ] = useSearchState('q')
  const sessions = usePages<Session>('sessions', '/sessions', { q })
  const { query, rows, total } = sessions
  return (
    <>
      <PageHead
        title="People"
        lead="Everybody who is signed in now, a row for each session."
        actions={
          <Button component="a" variant="default" href={addressOf('/sessions.csv', { q })}>
            Export as CSV
          </Button>
        }
      />
      <BlockedLink />
      <AccountsLink />
      <SearchField
        label="Find people"
        description="Name, email address or device"
        value={q}
        search={setQ}
      />
      <QueryView what="the sessions" query={query}>
        {() =>
          rows.length === 0 ? (
            <Empty title={q === '' ? 'Nobody is signed in.' : `Nobody fits “${q}”.`} />
          ) : (
            <>
              <p className="count" role="status">
                {formatNumberOf(total ?? rows.length, 'session')}
              </p>
              <SessionList {...sessions} />
            </>
          )
        }
      </QueryView>
    </>
  )
}

/** Where the gateway has accounts of its own. */
function AccountsLink(): ReactNode {
  const { query, total } = usePages<AccountView>('accounts', '/accounts')
  if (query.data === undefined) return null
  return (
    <Text mb="md">
      <Anchor component={Link} href="/accounts" underline="always">
        {formatNumberOf(total ?? 0, 'account')} of this gateway
      </Anchor>
    </Text>
  )
}

function BlockedLink(): ReactNode {
  const { data } = useBlocks()
  const count = data?.items.length ?? 0
  if (count === 0) return null
  return (
    <Text mb="md">
      <Anchor component={Link} href="/blocked" underline="always">
        {formatNumberOf(count, 'person', 'people')} blocked
      </Anchor>
    </Text>
  )
}
