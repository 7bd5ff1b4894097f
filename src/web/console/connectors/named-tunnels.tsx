import { Button, Group, Text, Title } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useMemo, useState, type ReactNode } from 'react'
import type { NamedTunnelSecretsView, NamedTunnelView } from '../../../console/wire/connectors.ts'
import { Dialog } from '../../ui/dialog.tsx'
import type { Column } from '../../ui/list/columns.ts'
import { DataList } from '../../ui/list/data-list.tsx'
import { RowButton } from '../../ui/list/row-controls.tsx'
import { Moment } from '../../ui/moment.tsx'
import { useMayChange } from '../me.ts'
import { usePages } from '../pages.ts'
import { QueryView } from '../../ui/query-view.tsx'
import { CreateTunnelDialog } from './create-tunnel-dialog.tsx'
import { useEndTunnel, type EndTunnel } from './end-tunnel.ts'
import { Few } from './few.tsx'
import { TokenShown } from './token-shown.tsx'

const kind = 'named-tunnels'

/** The names by which connectors register, those too that none uses now. */
export function NamedTunnels(): ReactNode {
  const { query, rows, total, more } = usePages<NamedTunnelView>(kind, '/named-tunnels')
  const mayChange = useMayChange()()
  const [isCreating, setCreating] = useState(false)
  const [rotated, setRotated] = useState<NamedTunnelSecretsView>()
  const end = useEndTunnel(setRotated)
  const client = useQueryClient()
  const columns = useMemo(() => [...facts, ...(mayChange ? [changes(end)] : [])], [mayChange, end])
  return (
    <>
      <Group justify="space-between" mt="lg" mb="xs">
        <Title order={2}>Named tunnels</Title>
        {mayChange && (
          <Button variant="default" onClick={() => setCreating(true)}>
            Create a named tunnel
          </Button>
        )}
      </Group>
      <QueryView what="the named tunnels" query={query}>
        {() =>
          rows.length === 0 ? (
            <Text c="dimmed">
              There is none yet. A connector registers by the name of one, and routes lead to it.
            </Text>
          ) : (
            <DataList
              label="Named tunnels"
              columns={columns}
              rows={rows}
              keyOf={idOf}
              total={total}
              more={more}
            />
          )
        }
      </QueryView>
      <CreateTunnelDialog
        isOpen={isCreating}
        close={() => setCreating(false)}
        created={() => void client.invalidateQueries({ queryKey: [kind] })}
      />
      <Dialog
        opened={rotated !== undefined}
        onClose={() => setRotated(undefined)}
        title="Keep this token"
        closeOnClickOutside={false}
        size="lg"
      >
        {rotated !== undefined && (
          <TokenShown secrets={rotated} done={() => setRotated(undefined)} />
        )}
      </Dialog>
    </>
  )
}

const idOf = ({ id }: NamedTunnelView): string => id

const facts: readonly Column<NamedTunnelView>[] = [
  {
    id: 'name',
    title: 'Name',
    width: 'minmax(10rem, 1.5fr)',
    cell: ({ name, hostnames }) => (
      <>
        {name}
        <Few words={hostnames} />
      </>
    ),
  },
  {
    id: 'connectors',
    title: 'Connectors',
    width: 'minmax(8rem, 1fr)',
    cell: ({ connectors }) => (connectors === 0 ? <strong>none now</strong> : connectors),
  },
  { id: 'site', title: 'Site', width: 'minmax(8rem, 1fr)', cell: ({ site }) => site },
  {
    id: 'by',
    title: 'Made by',
    width: 'minmax(9rem, 1fr)',
    cell: ({ created_by, created_at }) => (
      <>
        {created_by}
        <div className="second">
          <Moment at={created_at} />
        </div>
      </>
    ),
  },
]

function changes(end: EndTunnel): Column<NamedTunnelView> {
  return {
    id: 'changes',
    title: 'Change',
    width: '12rem',
    cell: (tunnel) => (
      <Group gap="xs">
        <RowButton of={tunnel.name} onClick={() => end.rotate(tunnel)}>
          New token
        </RowButton>
        <RowButton of={tunnel.name} onClick={() => end.delete(tunnel)}>
          Delete
        </RowButton>
      </Group>
    ),
  }
}
