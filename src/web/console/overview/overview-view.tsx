import { Group, Stack } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense, type ReactNode } from 'react'
import { Link } from 'wouter'
import type { OverviewAnswer } from '../../../console/wire/overview.ts'
import type { SamplesAnswer } from '../../../console/wire/samples.ts'
import { get, type ApiFault } from '../../ui/api.ts'
import { formatCount } from '../../ui/format.ts'
import { Since } from '../../ui/moment.tsx'
import { PageHead } from '../../ui/page-head.tsx'
import { Empty, Loading } from '../../ui/states.tsx'
import { QueryView } from '../../ui/query-view.tsx'
import { Attention } from './attention.tsx'
import { BusiestRoutes } from './busiest-routes.tsx'
import { figures } from './figures.ts'
import './overview.css'
import { RangePicker, ranges, useRange, type Range } from './range.tsx'

const Chart = lazy(() => import('./chart.tsx'))

const countsEveryMs = 5_000
const picturesEveryMs = 60_000

/** How it stands now, what needs somebody, and how it went. */
export default function OverviewView(): ReactNode {
  const overview = useQuery<OverviewAnswer, ApiFault>({
    queryKey: ['overview'],
    queryFn: ({ signal }) => get('/overview', { signal }),
    refetchInterval: countsEveryMs,
  })
  const [range, choose] = useRange()
  return (
    <>
      <PageHead title="Overview" lead={overview.data && <Running overview={overview.data} />} />
      <Stack gap="md">
        <QueryView what="the overview" query={overview}>
          {(data) => (
            <Stack gap="md">
              <Counts now={data.now} />
              <Attention overview={data} />
            </Stack>
          )}
        </QueryView>
        <Group justify="flex-end">
          <RangePicker range={range} choose={choose} />
        </Group>
        <Pictures range={range} />
      </Stack>
    </>
  )
}

function Running({ overview }: { readonly overview: OverviewAnswer }): ReactNode {
  return (
    <>
      Postern {overview.version}, running for <Since at={overview.started_at} />
    </>
  )
}

function Counts({ now }: { readonly now: OverviewAnswer['now'] }): ReactNode {
  const { tunnels, sessions, connectors, routes } = now
  const counts = [
    { title: 'Tunnels open', value: formatCount(tunnels), to: '/tunnels' },
    { title: 'Sessions', value: formatCount(sessions), to: '/people' },
    { title: 'Routes', value: formatCount(routes), to: '/routes' },
    { title: 'Connectors', value: formatCount(connectors), to: '/connectors' },
  ]
  return (
    <ul className="counts">
      {counts.map(({ title, value, to }) => (
        <li key={title}>
          <Link href={to} className="card">
            <span>{title}</span>
            <strong>{value}</strong>
          </Link>
        </li>
      ))}
    </ul>
  )
}

function Pictures({ range }: { readonly range: Range }): ReactNode {
  const samples = useQuery<SamplesAnswer, ApiFault>({
    queryKey: ['samples', range],
    queryFn: ({ signal }) => {
      const since = new Date(Date.now() - ranges[range].ms).toISOString()
      return get('/samples', { query: { since }, signal })
    },
    refetchInterval: picturesEveryMs,
    placeholderData: (before) => before,
  })
  return (
    <QueryView what="the pictures" query={samples}>
      {({ points, step, busiest_routes }) => (
        <>
          {points.some(({ measured }) => measured) ? (
            <Suspense fallback={<Loading what="the pictures" />}>
              <div className="charts">
                {figures.map((figure) => (
                  <Chart key={figure.title} figure={figure} points={points} step={step} />
                ))}
              </div>
            </Suspense>
          ) : (
            <div className="charts">
              <Empty title="Nothing was measured in this time.">
                The gateway keeps figures minute by minute from its start: pictures come with them.
              </Empty>
            </div>
          )}
          <BusiestRoutes routes={busiest_routes} />
        </>
      )}
    </QueryView>
  )
}
