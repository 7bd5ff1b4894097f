import { Stack, Title } from '@mantine/core'
import type { ReactNode } from 'react'
import type { AccessRequestView, RequestsQuery } from '../../../console/wire/requests.ts'
import { PageHead } from '../../ui/page-head.tsx'
import { Empty } from '../../ui/states.tsx'
import { usePages } from '../pages.ts'
import { QueryView } from '../../ui/query-view.tsx'
import { RequestCard } from './request-card.tsx'
import { PastRequests } from './past-requests.tsx'
import './requests.css'

/** Access for a while: who asks for it, who has it, and who had it. */
export default function RequestsView(): ReactNode {
  return (
    <>
      <PageHead
        title="Requests"
        lead="People who ask for a route for a while, and those who were given it. Access ends by itself, and its tunnels with it."
      />
      <Stack gap="lg">
        <Section title="Waiting" state="pending" empty="Nobody waits for an answer." />
        <Section
          title="Giving access now"
          state="approved"
          empty="Nobody has access by a request."
        />
        <section aria-labelledby="past">
          <Title order={2} id="past" mb="sm">
            All of them
          </Title>
          <PastRequests />
        </section>
      </Stack>
    </>
  )
}

interface SectionProps {
  readonly title: string
  readonly state: NonNullable<RequestsQuery['state']>
  readonly empty: string
}

function Section({ title, state, empty }: SectionProps): ReactNode {
  const { query, rows } = usePages<AccessRequestView>('requests', '/requests', { state })
  return (
    <section aria-label={title}>
      <Title order={2} mb="sm">
        {title}
      </Title>
      <QueryView what="the requests" query={query}>
        {() =>
          rows.length === 0 ? (
            <Empty title={empty} />
          ) : (
            <ul className="requests">
              {rows.map((request) => (
                <li key={request.id}>
                  <RequestCard request={request} />
                </li>
              ))}
            </ul>
          )
        }
      </QueryView>
    </section>
  )
}
