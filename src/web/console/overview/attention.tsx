import { Anchor, Paper, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Link } from 'wouter'
import type { OverviewAnswer } from '../../../console/wire/overview.ts'
import { get, type ApiFault } from '../../ui/api.ts'
import { formatCount, formatDuration, formatMoment, formatNumberOf } from '../../ui/format.ts'

/** Something that somebody should look at. */
interface Matter {
  readonly text: string
  readonly to?: string
}

/** What waits for somebody, or does not work as it is meant to. */
export function Attention({ overview }: { readonly overview: OverviewAnswer }): ReactNode {
  const requests = useFew('requests', '/requests', 'pending')
  const namedTunnels = useFew('named-tunnels', '/named-tunnels')
  const routes = useFew('routes', '/routes')
  const policies = useFew('policies', '/policies')
  const matters = [
    ...overview.configuration_problems.map(ofConfiguration),
    ...ofRequests(requests),
    ...ofNamedTunnels(namedTunnels),
    ...ofDocuments(routes, 'route', '/routes'),
    ...ofDocuments(policies, 'policy', '/policies'),
    ...overview.audit_forward.flatMap(ofForward),
    ...overview.certificates.flatMap(ofCertificate),
  ]
  return (
    <Paper
      className={matters.length === 0 ? 'card' : 'card notice'}
      p="md"
      component="section"
      aria-label="What needs attention"
    >
      <Title order={2}>What needs attention</Title>
      {matters.length === 0 ? (
        <Text c="dimmed">Nothing now.</Text>
      ) : (
        <ul className="matters">
          {matters.map(({ text, to }) => (
            <li key={text}>
              {to === undefined ? (
                text
              ) : (
                <Anchor component={Link} href={to} underline="always">
                  {text}
                </Anchor>
              )}
            </li>
          ))}
        </ul>
      )}
    </Paper>
  )
}

/** Most of each kind that are looked at here; its own view has them all. */
const few = 500

/** Of a request for access, a route, a policy or a named tunnel, as far as it matters here. */
interface Item {
  readonly problems?: readonly unknown[]
  /** Of a named tunnel: how many are registered. */
  readonly connectors?: number
}

function useFew(kind: string, path: string, state?: string): readonly Item[] {
  const { data } = useQuery<{ readonly items: readonly Item[] }, ApiFault>({
    queryKey: [kind, 'attention'],
    queryFn: ({ signal }) => get(path, { query: { limit: few, state }, signal }),
  })
  return data?.items ?? []
}

function ofConfiguration(problem: string): Matter {
  const text = `The configuration has a fault, and what it said before holds: ${problem}`
  return { text, to: '/settings' }
}

function ofRequests(requests: readonly Item[]): Matter[] {
  if (requests.length === 0) return []
  const many = requests.length === few ? `${formatCount(few)} or more requests` : undefined
  return [
    { text: `${many ?? formatNumberOf(requests.length, 'request')} for access`, to: '/requests' },
  ]
}

function ofNamedTunnels(namedTunnels: readonly Item[]): Matter[] {
  const offline = namedTunnels.filter(({ connectors }) => connectors === 0).length
  if (offline === 0) return []
  return [
    { text: `${formatNumberOf(offline, 'named tunnel')} without a connector`, to: '/connectors' },
  ]
}

function ofDocuments(documents: readonly Item[], word: 'route' | 'policy', to: string): Matter[] {
  const faulty = documents.filter(({ problems = [] }) => problems.length > 0).length
  if (faulty === 0) return []
  const many = word === 'policy' ? 'policies' : 'routes'
  return [{ text: `${formatNumberOf(faulty, word, many)} not in use, with a fault`, to }]
}

function ofForward(forward: OverviewAnswer['audit_forward'][number]): Matter[] {
  const { name, state, problem, lag_records, lag_seconds, dropped } = forward
  const waiting = `${formatNumberOf(lag_records, 'record')} wait, for ${formatDuration(lag_seconds * 1000)}`
  return [
    ...(state === 'failing'
      ? [
          {
            text: `The audit log cannot be sent to "${name}": ${problem ?? 'no reason'}; ${waiting}`,
          },
        ]
      : []),
    ...(dropped > 0
      ? [{ text: `${formatNumberOf(dropped, 'audit record')} never reached "${name}"` }]
      : []),
  ]
}

function ofCertificate(certificate: OverviewAnswer['certificates'][number]): Matter[] {
  const { name, state, problem = 'no reason', valid_until: until } = certificate
  const ends = until === undefined ? undefined : `ends ${formatMoment(new Date(until))}`
  const what = {
    held: undefined,
    waiting: undefined,
    late:
      ends === undefined
        ? `There is no certificate for "${name}"`
        : `The certificate of "${name}" ${ends} and cannot be renewed`,
    unstapled:
      ends === undefined
        ? `Clients refuse the certificate of "${name}", for which there is no OCSP answer`
        : `The OCSP answer for the certificate of "${name}" ${ends} and cannot be fetched anew`,
    revoked: `Clients refuse the certificate of "${name}", which is revoked`,
  }[state]
  return what === undefined ? [] : [{ text: `${what}: ${problem}` }]
}
