import { Button, Paper, Stack, Text, Title } from '@mantine/core'
import type { ReactNode } from 'react'
import type { BlockView } from '../../../console/wire/blocks.ts'
import { del } from '../../ui/api.ts'
import { useConfirm } from '../../ui/confirm.tsx'
import { Moment } from '../../ui/moment.tsx'
import { PageHead } from '../../ui/page-head.tsx'
import { useAct } from '../../ui/act.ts'
import { RecentRecords } from '../audit/recent-records.tsx'
import { useMayChange } from '../me.ts'
import { usePages } from '../pages.ts'
import { QueryView } from '../../ui/query-view.tsx'
import { useSearchState } from '../../ui/search-state.ts'
import { TunnelList } from '../tunnels/tunnel-list.tsx'
import type { Tunnel } from '../tunnels/tunnel.ts'
import { isBlockOf, scimAdvice, useBlocks, useChangeBlocks } from './blocks.ts'
import { SessionList } from './session-list.tsx'
import { nameOf, type Session } from './session.ts'

/** One person: their sessions, their tunnels, what the audit log has of them, and ways to end it. */
export default function PersonView(): ReactNode {
  const [who] = useSearchState('who')
  const found = usePages<Session>('sessions', '/sessions', { q: who })
  const rows = found.rows.filter(({ user, email }) => user === who || email === who)
  const sessions = { ...found, rows, total: undefined }
  const tunnels = usePages<Tunnel>('tunnels', '/tunnels', { user: who })
  const blocks = useBlocks()
  const [one] = sessions.rows
  const names = [who, one?.user, one?.email].filter((name) => typeof name === 'string')
  const theirs = blocks.data?.items.filter((item) => isBlockOf(item, names)) ?? []
  const name = one === undefined ? who : nameOf(one)
  return (
    <>
      <PageHead
        title={name}
        lead={one !== undefined && <Known session={one} />}
        actions={<Actions who={who} name={name} blocks={theirs} hasSessions={one !== undefined} />}
      />
      <Stack gap="lg">
        {theirs.map((block) => (
          <KeptOut key={`${block.who} ${block.by_scim}`} block={block} />
        ))}
        <section aria-label="Sessions">
          <Title order={2} mb="xs">
            Sessions
          </Title>
          <QueryView what="the sessions" query={sessions.query}>
            {() =>
              one === undefined ? (
                <Text c="dimmed">{name} is not signed in.</Text>
              ) : (
                <SessionList {...sessions} isOfOne />
              )
            }
          </QueryView>
        </section>
        <section aria-label="Tunnels">
          <Title order={2} mb="xs">
            Tunnels
          </Title>
          <QueryView what="the tunnels" query={tunnels.query}>
            {() =>
              tunnels.rows.length === 0 ? (
                <Text c="dimmed">None is open.</Text>
              ) : (
                <TunnelList tunnels={tunnels.rows} isOfOne />
              )
            }
          </QueryView>
        </section>
        <section aria-label="Audit log">
          <Title order={2} mb="xs">
            What the audit log has of them
          </Title>
          <RecentRecords who={who} />
        </section>
      </Stack>
    </>
  )
}

function Known({ session }: { readonly session: Session }): ReactNode {
  const { email, user, provider, groups } = session
  return (
    <>
      {[email, `user id ${user}`, `signed in with ${provider}`]
        .filter((word) => word !== null)
        .join(' · ')}
      {groups.length > 0 && <div>Groups: {groups.join(', ')}</div>}
    </>
  )
}

function KeptOut({ block }: { readonly block: BlockView }): ReactNode {
  const { reason, blocked_by, blocked_at, by_scim } = block
  if (by_scim)
    return (
      <Paper className="card notice" p="md">
        <Text>
          Kept out: {reason}, <Moment at={blocked_at} />.
        </Text>
        <Text c="dimmed">{scimAdvice}</Text>
      </Paper>
    )
  return (
    <Paper className="card notice" p="md">
      <Text>
        Blocked by {blocked_by}, <Moment at={blocked_at} />.
      </Text>
      <Text c="dimmed">{reason === '' ? 'No reason was given.' : `“${reason}”`}</Text>
    </Paper>
  )
}

interface ActionsProps {
  readonly who: string
  readonly name: string
  readonly blocks: readonly BlockView[]
  readonly hasSessions: boolean
}

function Actions({ who, name, blocks, hasSessions }: ActionsProps): ReactNode {
  const mayChange = useMayChange()()
  const change = useChangeBlocks()
  const endAll = useEndAllSessions()
  if (!mayChange) return null
  const block = blocks.find(({ by_scim }) => !by_scim)
  const isByScim = blocks.some(({ by_scim }) => by_scim)
  return (
    <>
      {hasSessions && (
        <Button variant="default" onClick={() => endAll(who, name)}>
          End all sessions
        </Button>
      )}
      {block === undefined ? (
        <Button color="red" onClick={() => change.block(who, name)}>
          Block
        </Button>
      ) : (
        <Button onClick={() => change.unblock(block, { isByScim })}>Unblock</Button>
      )}
    </>
  )
}

function useEndAllSessions(): (who: string, name: string) => void {
  const ask = useConfirm()
  const { act } = useAct()
  return (who, name) =>
    void (async () => {
      const answer = await ask({
        title: `End all sessions of ${name}?`,
        body: 'All their tunnels end at once, and they have to sign in again everywhere.',
        action: 'End them all',
      })
      if (answer === undefined) return
      await act({
        async run() {
          await del('/sessions', { user: who })
          return `Ended all sessions of ${name}`
        },
        failed: `The sessions of ${name} were not ended`,
        changes: ['sessions', 'tunnels', 'overview'],
      })
    })()
}
