import { Text } from '@mantine/core'
import type { ReactNode } from 'react'
import type { ConnectionView, Trouble } from '../../../desktop/wire/view.ts'
import { formatBytes, formatCount, formatDuration } from '../../ui/format.ts'
import { Moment } from '../../ui/moment.tsx'
import { sentence } from '../../ui/sentence.ts'
import { useNow } from '../../ui/use-now.ts'
import { Card } from '../card.tsx'
import { CopyButton } from '../copy-button.tsx'
import { Facts } from '../facts.tsx'
import { useGateway } from '../live.ts'
import { SignInButton } from '../sign-in-button.tsx'
import { StateMark } from '../state-mark.tsx'
import { isTroubled } from '../tone.ts'
import { webLink } from '../web-link.ts'
import { words } from '../words.ts'
import { AskForAccess } from './ask-for-access.tsx'
import { otherWays } from './other-ways.ts'

const { one: said, list, signIn } = words

/** How it stands with the connection, and what to do where that is not well. */
export function StateCard({ connection }: { readonly connection: ConnectionView }): ReactNode {
  const { state, trouble, gateway, address, tunnels, bytes, settings } = connection
  const isDenied = state === 'denied'
  return (
    <Card title={said.state} className="one-state">
      <div role="status">
        <Text component="div" size="lg">
          <StateMark state={state} />
        </Text>
        {trouble !== undefined && (
          <TroubleText
            trouble={trouble}
            hint={isDenied ? otherWays(trouble.hint) : trouble.hint}
            isPast={!isTroubled(state)}
          />
        )}
      </div>
      {state === 'sign-in-needed' && gateway !== undefined && (
        <SignInButton gateway={gateway} connection={connection.id} />
      )}
      {isDenied && <AskForAccess key={connection.id} connection={connection} />}
      <Facts
        facts={[
          [
            said.address,
            <CopyButton
              key="address"
              text={address}
              purpose={list.copyAddress(settings.name)}
              what={list.addressOf(settings.name)}
            />,
          ],
          [signIn.session, gateway === undefined ? undefined : <Session origin={gateway} />],
          [said.tunnels, formatCount(tunnels)],
          [said.bytes, `${formatBytes(bytes.up)} / ${formatBytes(bytes.down)}, ${said.sinceStart}`],
        ]}
      />
    </Card>
  )
}

interface TroubleTextProps {
  readonly trouble: Trouble
  /** The part of its own that is told. */
  readonly hint: string | undefined
  /** Whether it is well again meanwhile. */
  readonly isPast: boolean
}

function TroubleText({ trouble, hint, isPast }: TroubleTextProps): ReactNode {
  const { message, request_id: requestId, at } = trouble
  const page = webLink(trouble.page)
  return (
    <div className="trouble" data-past={isPast || undefined}>
      <Text>
        {isPast && `${said.happened}: `}
        {sentence(message)}
      </Text>
      {hint !== undefined && <Text c="dimmed">{sentence(hint)}</Text>}
      <Text c="dimmed" size="sm" component="div">
        <Moment at={at} />
        {requestId !== undefined && (
          <>
            {' '}
            · {said.request} <code>{requestId}</code>
          </>
        )}
        {page !== undefined && (
          <>
            {' '}
            ·{' '}
            <a href={page} target="_blank" rel="noopener noreferrer">
              {said.gatewayPage}
            </a>
          </>
        )}
      </Text>
    </div>
  )
}

/** Who is signed in at its gateway, and until when. */
function Session({ origin }: { readonly origin: string }): ReactNode {
  const gateway = useGateway(origin)
  const nowMs = useNow()
  if (gateway === undefined) return signIn.unknown
  const { session, person, session_ends_at: endsAt } = gateway
  if (session !== 'signed-in') return session === 'wanted' ? signIn.notSignedIn : signIn.unknown
  const who = person === undefined ? signIn.signedIn : signIn.signedInAs(person)
  if (endsAt === undefined) return who
  const leftMs = Date.parse(endsAt) - nowMs
  const end = leftMs > 0 ? signIn.endsShort(formatDuration(leftMs)) : signIn.endedShort
  return (
    <span className="sign-in">
      <span>
        {who}. {end}.
      </span>
      <SignInButton gateway={origin} isRenewal variant="default" />
    </span>
  )
}
