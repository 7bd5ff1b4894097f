import { Button, Group, Title } from '@mantine/core'
import { useMemo, type ReactNode } from 'react'
import type { ConnectorView as Connector } from '../../../console/wire/connectors.ts'
import { addressOf, post } from '../../ui/api.ts'
import { useConfirm } from '../../ui/confirm.tsx'
import { formatNumberOf } from '../../ui/format.ts'
import type { Column } from '../../ui/list/columns.ts'
import { DataList } from '../../ui/list/data-list.tsx'
import { RowButton } from '../../ui/list/row-controls.tsx'
import { Since } from '../../ui/moment.tsx'
import { PageHead } from '../../ui/page-head.tsx'
import { Empty } from '../../ui/states.tsx'
import { useAct } from '../../ui/act.ts'
import { useMayChange } from '../me.ts'
import { usePages } from '../pages.ts'
import { QueryView } from '../../ui/query-view.tsx'
import { Few } from './few.tsx'
import { NamedTunnels } from './named-tunnels.tsx'
import { Publishers } from './publishers.tsx'

const kind = 'connectors'

/** The connectors that are here, and what goes through them. */
export default function ConnectorsView(): ReactNode {
  const { query, rows, total, more } = usePages<Connector>(kind, '/connectors')
  const mayChange = useMayChange()()
  const end = useEnd()
  const columns = useMemo(() => [...facts, ...(mayChange ? [changes(end)] : [])], [mayChange, end])
  return (
    <>
      <PageHead
        title="Connectors"
        lead="Programs beside private services that have dialled in, and carry tunnels to those services."
        actions={
          <Button component="a" variant="default" href={addressOf('/connectors.csv')}>
            Export as CSV
          </Button>
        }
      />
      <QueryView what="the connectors" query={query}>
        {() =>
          rows.length === 0 ? (
            <Empty title="No connector is here now.">
              A connector is started beside a service with <code>postern tunnel</code>.
            </Empty>
          ) : (
            <>
              <p className="count" role="status">
                {formatNumberOf(total ?? rows.length, 'connector')}
              </p>
              <DataList
                label="Connectors"
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
      <section aria-label="Named tunnels">
        <NamedTunnels />
      </section>
      <section aria-label="Machines that may publish">
        <Title order={2} mt="lg" mb="xs">
          Machines that may publish
        </Title>
        <Publishers />
      </section>
    </>
  )
}

const idOf = ({ id }: Connector): string => id
const streamsOf = ({ connections }: Connector): number =>
  connections.reduce((sum, { streams }) => sum + streams, 0)

type End = (connector: Connector, how: 'drain' | 'cut') => void

/** Asks, and makes a connector's connections anew, gently or at once. */
function useEnd(): End {
  const ask = useConfirm()
  const { act } = useAct()
  return useMemo(
    () => (connector, how) =>
      void (async () => {
        const { id, tunnel } = connector
        const through = formatNumberOf(streamsOf(connector), 'tunnel')
        const answer = await ask(
          how === 'drain'
            ? {
                title: `Drain the connector of ${tunnel}?`,
                body: `It takes no further tunnels and connects anew. What goes through it, ${through}, goes on until it ends by itself.`,
                action: 'Drain it',
              }
            : {
                title: `Cut the connector of ${tunnel}?`,
                body: `What goes through it, ${through}, ends at once. It will connect again by itself; to keep it out, give its named tunnel another token.`,
                action: 'Cut it',
              },
        )
        if (answer === undefined) return
        await act({
          async run() {
            await post(`/connectors/${how}`, { id })
            return how === 'drain'
              ? `The connector of ${tunnel} connects anew`
              : `Cut the connector of ${tunnel}`
          },
          failed: `The connector of ${tunnel} is as it was`,
          changes: [kind, 'tunnels'],
        })
      })(),
    [ask, act],
  )
}

const facts: readonly Column<Connector>[] = [
  {
    id: 'tunnel',
    title: 'Named tunnel',
    width: 'minmax(10rem, 1.5fr)',
    cell: ({ tunnel, hostnames }) => (
      <>
        {tunnel}
        <Few words={hostnames} />
      </>
    ),
  },
  {
    id: 'services',
    title: 'Serves',
    width: 'minmax(10rem, 1.5fr)',
    cell: ({ services }) =>
      services === null ? (
        'has not said'
      ) : (
        <Few words={services.map(({ hostname, service }) => `${hostname ?? '*'} → ${service}`)} />
      ),
  },
  {
    id: 'program',
    title: 'Program',
    width: 'minmax(9rem, 1fr)',
    cell: ({ dialect, version, arch }) => (
      <>
        {dialect} {version}
        <div className="second">{arch}</div>
      </>
    ),
  },
  {
    id: 'connections',
    title: 'Connections',
    width: 'minmax(10rem, 1fr)',
    cell: ({ connections }) => {
      const ready = connections.filter((connection) => connection.ready).length
      const [first] = connections.toSorted((a, b) => a.since.localeCompare(b.since))
      return (
        <>
          {ready === connections.length
            ? `${ready} ready`
            : `${ready} of ${connections.length} ready`}
          {first !== undefined && (
            <div className="second">
              from {[...new Set(connections.map(({ ip }) => ip))].join(', ')}, for{' '}
              <Since at={first.since} />
            </div>
          )}
        </>
      )
    },
  },
  { id: 'streams', title: 'Tunnels', width: '5rem', align: 'end', cell: streamsOf },
]

function changes(end: End): Column<Connector> {
  return {
    id: 'changes',
    title: 'End',
    width: '9rem',
    cell: (connector) => (
      <Group gap="xs">
        <RowButton
          of={`the connector of ${connector.tunnel}`}
          onClick={() => end(connector, 'drain')}
        >
          Drain
        </RowButton>
        <RowButton
          of={`the connector of ${connector.tunnel}`}
          onClick={() => end(connector, 'cut')}
        >
          Cut
        </RowButton>
      </Group>
    ),
  }
}
