import { Button, Group, Text, VisuallyHidden } from '@mantine/core'
import type { ReactNode } from 'react'
import type { GatewayView } from '../../../desktop/wire/view.ts'
import { useAct } from '../../ui/act.ts'
import { useConfirm } from '../../ui/confirm.tsx'
import { formatDuration } from '../../ui/format.ts'
import { sentence } from '../../ui/sentence.ts'
import { useNow } from '../../ui/use-now.ts'
import { call } from '../call.ts'
import { Card } from '../card.tsx'
import { useDaemon } from '../live.ts'
import { sessionOf } from '../sign-in.ts'
import { SignInButton } from '../sign-in-button.tsx'
import { hostOf } from '../word-parts.ts'
import { words } from '../words.ts'

const { settings: said, signIn } = words

/** The gateways that connections use, and who is signed in there. */
export function Gateways(): ReactNode {
  const { gateways: all, connections } = useDaemon()
  // One that somebody has mistyped is none.
  const gateways = all.filter(
    ({ origin, session }) =>
      session === 'signed-in' || connections.some(({ gateway }) => gateway === origin),
  )
  return (
    <Card title={said.gateways}>
      {gateways.length === 0 && <Text c="dimmed">{said.noGateways}</Text>}
      <ul className="lines">
        {gateways.map((gateway) => (
          <li key={gateway.origin}>
            <Gateway gateway={gateway} />
          </li>
        ))}
      </ul>
    </Card>
  )
}

function Gateway({ gateway }: { readonly gateway: GatewayView }): ReactNode {
  const { origin, reach, session, trouble } = gateway
  const nowMs = useNow()
  return (
    <>
      <div>
        <Text fw={600}>{hostOf(origin)}</Text>
        <Text size="sm">
          {said.reach[reach]} · {whoOf(gateway, nowMs)}
        </Text>
        {trouble !== undefined && (
          <Text size="sm" c="dimmed">
            {sentence(trouble.message)}
          </Text>
        )}
      </div>
      {session === 'signed-in' ? (
        <SignedIn origin={origin} />
      ) : (
        <SignInButton gateway={origin} variant="default" />
      )}
    </>
  )
}

function SignedIn({ origin }: { readonly origin: string }): ReactNode {
  const { act, isBusy } = useAct()
  const confirm = useConfirm()
  const signOut = async (): Promise<void> => {
    const { signOutTitle, signOutBody: body, signOut: action } = signIn
    if ((await confirm({ title: signOutTitle(origin), body, action })) === undefined) return
    await act({
      async run() {
        await call('POST /gateways/sign-out', { input: sessionOf(origin) })
        return signIn.signedOut(origin)
      },
      failed: signIn.notSignedOut,
      changes: [],
    })
  }
  return (
    <Group gap="xs">
      <SignInButton gateway={origin} isRenewal variant="default" />
      <Button
        variant="default"
        size="compact-sm"
        aria-disabled={isBusy}
        onClick={() => void signOut()}
      >
        {signIn.signOut}
        <VisuallyHidden>&nbsp;{hostOf(origin)}</VisuallyHidden>
      </Button>
    </Group>
  )
}

function whoOf({ session, person, session_ends_at: endsAt }: GatewayView, nowMs: number): string {
  if (session !== 'signed-in') return session === 'wanted' ? signIn.notSignedIn : signIn.unknown
  const who = person === undefined ? signIn.signedIn : signIn.signedInAs(person)
  if (endsAt === undefined) return who
  const leftMs = Date.parse(endsAt) - nowMs
  return `${who} · ${leftMs > 0 ? signIn.endsShort(formatDuration(leftMs)) : signIn.endedShort}`
}
