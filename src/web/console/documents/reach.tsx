import { Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import type { ReachAnswer, ReachedPerson, ReachedTunnel } from '../../../console/wire/reach.ts'
import { formatCount, formatNumberOf } from '../../ui/format.ts'
import { Since } from '../../ui/moment.tsx'
import { sentence } from '../../ui/sentence.ts'
import './documents.css'
import { ProblemList } from './problem-list.tsx'

/** Which tunnels a change would cut, who would gain and lose access, and what that is judged on. */
export function Reach({ reach }: { readonly reach: ReachAnswer }): ReactNode {
  const { tunnels, gained, lost, opened_to_everybody, judged_on, assumed, warnings } = reach
  const isNothing = tunnels.cut === 0 && lost.total === 0 && (gained?.total ?? 0) === 0
  return (
    <Stack gap="sm">
      {opened_to_everybody.length > 0 && (
        <Text className="card notice reach-loud" p="sm" role="alert">
          <b>Open to everybody, without signing in:</b> {opened_to_everybody.join(', ')}
        </Text>
      )}
      {isNothing && opened_to_everybody.length === 0 && (
        <Text>
          {gained === null
            ? 'No open tunnel is cut, and nobody who used this loses access.'
            : 'No open tunnel is cut, and nobody who is known gains or loses access.'}
        </Text>
      )}
      <Some
        title={`${formatNumberOf(tunnels.cut, 'tunnel')} of ${formatCount(tunnels.open)} would be cut`}
        total={tunnels.cut}
        items={tunnels.items}
        show={(tunnel) => <CutTunnel tunnel={tunnel} />}
        keyOf={({ id }) => id}
      />
      <Some
        title={`${formatNumberOf(lost.total, 'person would lose', 'people would lose')} access`}
        total={lost.total}
        items={lost.items}
        show={(person) => <Person person={person} />}
        keyOf={keyOfPerson}
      />
      {gained === null ? (
        <Text size="sm">
          Who would gain access is told to administrators and auditors of the whole gateway.
        </Text>
      ) : (
        <Some
          title={`${formatNumberOf(gained.total, 'person would gain', 'people would gain')} access`}
          total={gained.total}
          items={gained.items}
          show={(person) => <Person person={person} />}
          keyOf={keyOfPerson}
        />
      )}
      <ProblemList title="It can be saved, and:" problems={warnings} />
      <Text size="sm" c="dimmed">
        {describeJudgement(judged_on)} {assumed.map(sentence).join(' ')}
      </Text>
    </Stack>
  )
}

function describeJudgement({ people, decisions, days }: ReachAnswer['judged_on']): string {
  const known = formatNumberOf(people, 'known caller')
  if (decisions === null) return `Judged on ${known}.`
  const past = formatNumberOf(decisions, 'decision')
  return `Judged on ${known} and ${past} of the last ${formatNumberOf(days, 'day')}.`
}

interface SomeProps<T> {
  readonly title: string
  readonly total: number
  readonly items: readonly T[]
  readonly show: (item: T) => ReactNode
  readonly keyOf: (item: T) => string
}

/** Those that are shown at once; the rest is behind a button of the browser's own. */
const fewItems = 3

function Some<T>({ title, total, items, show, keyOf }: SomeProps<T>): ReactNode {
  if (total === 0) return null
  const rows = items.map((item) => <li key={keyOf(item)}>{show(item)}</li>)
  const beyond = total - items.length
  return (
    <div>
      <Text fw={600}>{title}</Text>
      <ul className="problem-list">{rows.slice(0, fewItems)}</ul>
      {total > fewItems && (
        <details>
          <summary>{formatCount(total - fewItems)} more</summary>
          <ul className="problem-list">
            {rows.slice(fewItems)}
            {beyond > 0 && <li>and {formatCount(beyond)} that are not listed</li>}
          </ul>
        </details>
      )}
    </div>
  )
}

const endings: Readonly<Record<ReachedTunnel['ended'], string>> = {
  'route-removed': 'its route would be gone',
  'policy-changed': 'no longer allowed',
  'route-changed': 'it would lead elsewhere',
}

function CutTunnel({ tunnel }: { readonly tunnel: ReachedTunnel }): ReactNode {
  const { who, target, ip, opened_at, ended } = tunnel
  return (
    <>
      <b>{who ?? 'somebody not signed in'}</b> to {target} from {ip}, open for{' '}
      <Since at={opened_at} />: {endings[ended]}
    </>
  )
}

function Person({ person }: { readonly person: ReachedPerson }): ReactNode {
  const { who, route, last_used } = person
  return (
    <>
      <b>{who}</b>: {route}
      {last_used !== null && (
        <>
          , last used <Since at={last_used} /> ago
        </>
      )}
    </>
  )
}

function keyOfPerson({ kind, who, route_id }: ReachedPerson): string {
  return `${kind} ${who} ${route_id}`
}
