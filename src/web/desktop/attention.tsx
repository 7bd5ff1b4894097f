import { Group, Paper, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import type { ConnectionView, GatewayView } from '../../desktop/wire/view.ts'
import { formatDuration } from '../ui/format.ts'
import { sentence } from '../ui/sentence.ts'
import { useNow } from '../ui/use-now.ts'
import { useDaemon } from './live.ts'
import { SignInButton } from './sign-in-button.tsx'
import { words } from './words.ts'

const { signIn: said } = words

/** Before a session ends it is said here, in milliseconds. */
const soonMs = 30 * 60_000

/** What somebody should see to: gateways that want them to sign in, sessions that end, what the daemon has to say. */
export function Attention(): ReactNode {
  const { gateways, connections, notices } = useDaemon()
  return (
    <div role="status" className="attention">
      {gateways.map((gateway) => (
        <GatewayAttention
          key={gateway.origin}
          gateway={gateway}
          waiting={waitingFor(gateway, connections)}
        />
      ))}
      {notices.map(({ code, at, message, hint }) => (
        <Paper key={`${code} ${at}`} className="card notice" p="sm">
          <Text>{sentence(message)}</Text>
          {hint !== undefined && <Text c="dimmed">{sentence(hint)}</Text>}
        </Paper>
      ))}
    </div>
  )
}

/** How many connections wait for a sign-in at a gateway. */
function waitingFor({ origin }: GatewayView, connections: readonly ConnectionView[]): number {
  return connections.filter(
    ({ state, gateway }) => state === 'sign-in-needed' && gateway === origin,
  ).length
}

interface GatewayAttentionProps {
  readonly gateway: GatewayView
  readonly waiting: number
}

function GatewayAttention({ gateway, waiting }: GatewayAttentionProps): ReactNode {
  const nowMs = useNow()
  const { origin, session, session_ends_at: endsAt } = gateway
  const leftMs = endsAt === undefined ? Infinity : Date.parse(endsAt) - nowMs
  const isEnding = session === 'signed-in' && leftMs < soonMs
  if (waiting === 0 && !isEnding) return null
  return (
    <Paper className="card notice" p="sm">
      <Group justify="space-between" gap="sm">
        <Text>{waiting > 0 ? said.wanted(origin, waiting) : endWords(origin, leftMs)}</Text>
        <SignInButton gateway={origin} isRenewal={waiting === 0} />
      </Group>
    </Paper>
  )
}

function endWords(origin: string, leftMs: number): string {
  return leftMs > 0 ? said.ends(origin, formatDuration(leftMs)) : said.ended(origin)
}
