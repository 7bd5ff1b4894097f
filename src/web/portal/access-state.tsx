import { Button, Group, Text, VisuallyHidden } from '@mantine/core'
import { useState, type ReactNode } from 'react'
import type { PortalGrant, PortalRequest, PortalRoute } from '../../console/portal-view.ts'
import { takeLostFocus } from '../ui/focus-keeper.ts'
import { formatDuration } from '../ui/format.ts'
import { Moment } from '../ui/moment.tsx'
import { FaultText } from '../ui/states.tsx'
import { useAccessCall } from './use-access-call.ts'

/** The access for a while that somebody has to a route, and what they wait for. */
export function AccessState({ route }: { readonly route: PortalRoute }): ReactNode {
  const { grant = null, pending = null } = route.access ?? {}
  return (
    <>
      {grant !== null && <Grant key={grant.id} grant={grant} routeName={route.name} />}
      {pending !== null && <Pending key={pending.id} request={pending} routeName={route.name} />}
    </>
  )
}

interface GrantProps {
  readonly grant: PortalGrant
  readonly routeName: string
}

function Grant({ grant, routeName }: GrantProps): ReactNode {
  const { id, untilMs, by, isBreakGlass } = grant
  const until = <Moment at={toText(untilMs)} />
  return (
    <div
      ref={takeLostFocus}
      tabIndex={-1}
      className={isBreakGlass ? 'access access-loud' : 'access'}
    >
      {isBreakGlass ? (
        <Text component="div">
          <b className="access-alarm">Break glass:</b> you have let yourself in, until {until}.
        </Text>
      ) : (
        <Text component="div">
          Open to you until {until}, given by {by}.
        </Text>
      )}
      <EndEarly id={id} routeName={routeName} />
    </div>
  )
}

interface EndProps {
  readonly id: string
  readonly routeName: string
}

/** Asks once more: what rests on it is cut. */
function EndEarly({ id, routeName }: EndProps): ReactNode {
  const [isSure, setSure] = useState(false)
  if (isSure) return <SureToEnd id={id} routeName={routeName} keep={() => setSure(false)} />
  return (
    <div>
      <Button variant="default" size="compact-sm" onClick={() => setSure(true)}>
        End early …<VisuallyHidden>&nbsp;the access to {routeName}</VisuallyHidden>
      </Button>
    </div>
  )
}

function SureToEnd({ id, routeName, keep }: EndProps & { readonly keep: () => void }): ReactNode {
  const { call, isBusy, fault } = useAccessCall()
  const end = (): void => call({ ...endOf(id), done: `Ended your access to ${routeName}` })
  return (
    <div>
      <Group gap="xs">
        <Text size="sm">The tunnels that you have open by it are cut.</Text>
        <Button ref={takeFocus} color="red" size="compact-sm" aria-disabled={isBusy} onClick={end}>
          {isBusy ? 'Ending …' : 'End it now'}
        </Button>
        <Button variant="default" size="compact-sm" onClick={keep}>
          Keep it
        </Button>
      </Group>
      {fault !== null && (
        <div role="alert">
          <FaultText fault={fault} />
        </div>
      )}
    </div>
  )
}

interface PendingProps {
  readonly request: PortalRequest
  readonly routeName: string
}

function Pending({ request, routeName }: PendingProps): ReactNode {
  const { id, reason, forSeconds, askedAtMs, expiresAtMs } = request
  const { call, isBusy, fault } = useAccessCall()
  const cancel = (): void => call({ ...endOf(id), done: `Cancelled the request for ${routeName}` })
  return (
    <div ref={takeLostFocus} tabIndex={-1} className="access">
      <Text component="div">
        You asked for {formatDuration(forSeconds * 1_000)} at <Moment at={toText(askedAtMs)} />:
        nobody has answered yet. It waits until <Moment at={toText(expiresAtMs)} />.
      </Text>
      <Text className="access-reason">“{reason}”</Text>
      <div>
        <Button variant="default" size="compact-sm" aria-disabled={isBusy} onClick={cancel}>
          {isBusy ? 'Cancelling …' : 'Cancel the request'}
          <VisuallyHidden>&nbsp;for {routeName}</VisuallyHidden>
        </Button>
      </div>
      {fault !== null && (
        <div role="alert">
          <FaultText fault={fault} />
        </div>
      )}
    </div>
  )
}

function endOf(id: string): { readonly path: string; readonly body: object } {
  return { path: `/requests/${encodeURIComponent(id)}/end`, body: {} }
}

function toText(atMs: number): string {
  return new Date(atMs).toISOString()
}

/** The button that was pressed is gone, and the keyboard would be nowhere. */
function takeFocus(element: HTMLElement | null): void {
  element?.focus()
}
