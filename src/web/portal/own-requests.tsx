import { Text } from '@mantine/core'
import type { ReactNode } from 'react'
import type { AccessRequestView } from '../../console/wire/requests.ts'
import { formatDuration } from '../ui/format.ts'
import { Moment } from '../ui/moment.tsx'
import { OwnList } from './own-list.tsx'

const query = { mine: 'true', limit: 20 }

/** What somebody has asked for lately, and what was said to it. */
export function OwnRequests(): ReactNode {
  return (
    <OwnList<AccessRequestView>
      name="own-requests"
      title="What you have asked for"
      empty="You have asked for nothing in the last 90 days."
      path="/requests"
      query={query}
      show={(request) => <OwnRequest key={request.id} request={request} />}
    />
  )
}

function OwnRequest({ request }: { readonly request: AccessRequestView }): ReactNode {
  const { route_name, asked_at, for_seconds, reason, note, break_glass } = request
  return (
    <li>
      <div>
        <Text>
          {route_name}: {outcomeOf(request)}
          {note !== undefined && ` — “${note}”`}
        </Text>
        <Text size="sm" c="dimmed" component="div">
          {break_glass ? 'Break glass' : 'Asked'} <Moment at={asked_at} />, for{' '}
          {formatDuration(for_seconds * 1_000)}: “{reason}”
        </Text>
      </div>
    </li>
  )
}

function outcomeOf(request: AccessRequestView): ReactNode {
  const { state, until, ended_by: endedBy, decided_by: decidedBy } = request
  if (state === 'approved' && until !== undefined) {
    return (
      <>
        open to you until <Moment at={until} />
      </>
    )
  }
  if (state === 'ended' && endedBy !== undefined)
    return `ended early by ${nameFor(endedBy, request)}`
  const isSaid = state === 'denied' || state === 'cancelled'
  return isSaid ? `${state} by ${nameFor(decidedBy, request)}` : outcomes[state]
}

const outcomes = {
  pending: 'nobody has answered yet',
  approved: 'open to you',
  expired: 'nobody answered in time',
  ended: 'its time is over',
} as const

function nameFor(
  name = 'somebody',
  { email, user_id }: Pick<AccessRequestView, 'email' | 'user_id'>,
): string {
  return name === (email ?? user_id) ? 'you' : name
}
