import { Text, VisuallyHidden } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useState, type ReactNode } from 'react'
import type { OwnSessionView } from '../../console/wire/sessions.ts'
import { useAnnounce } from '../ui/announce.tsx'
import { del, type ApiFault } from '../ui/api.ts'
import { BusyButton } from '../ui/busy-button.tsx'
import { formatNumberOf } from '../ui/format.ts'
import { Moment } from '../ui/moment.tsx'
import { FaultText } from '../ui/states.tsx'
import { OwnList } from './own-list.tsx'

const name = 'own-sessions'

/** Where somebody is signed in, asked for once they want to know, and a way to end what they have lost. */
export function OwnSessions(): ReactNode {
  return (
    <OwnList<OwnSessionView>
      name={name}
      title="Where you are signed in"
      empty="You are signed in nowhere."
      path="/my/sessions"
      show={(session) => <OwnSession key={session.id} session={session} />}
    />
  )
}

function OwnSession({ session }: { readonly session: OwnSessionView }): ReactNode {
  const { id, current, issued_at, last_used_at, ip, tunnels } = session
  const client = useQueryClient()
  const announce = useAnnounce()
  const [isBusy, setBusy] = useState(false)
  const [fault, setFault] = useState<ApiFault>()
  const what = whatHas(session)
  const end = async (): Promise<void> => {
    setBusy(true)
    try {
      await del(`/my/sessions/${encodeURIComponent(id)}`)
      announce(`Signed out: ${what}`)
    } catch (error) {
      setFault(error as ApiFault)
    } finally {
      setBusy(false)
      await client.invalidateQueries({ queryKey: [name] })
    }
  }
  return (
    <li>
      <div>
        <Text>{what}</Text>
        <Text size="sm" c="dimmed">
          since <Moment at={issued_at} />
          {ip !== null && ` from ${ip}`}, last used <Moment at={last_used_at} />,{' '}
          {formatNumberOf(tunnels, 'open tunnel')}
        </Text>
        {fault !== undefined && (
          <div role="alert">
            <FaultText fault={fault} />
          </div>
        )}
      </div>
      {!current && (
        <BusyButton variant="default" size="compact-sm" isBusy={isBusy} onClick={() => void end()}>
          Sign out there
          <VisuallyHidden>
            &nbsp;{what}, since {issued_at}
          </VisuallyHidden>
        </BusyButton>
      )}
    </li>
  )
}

function whatHas({ device, current, kind }: OwnSessionView): string {
  if (device !== null) return device
  if (current) return 'This browser'
  if (kind === null) return 'A browser or a program'
  return kind === 'browser' ? 'A browser' : 'A program'
}
