import { Notifications } from '@mantine/notifications'
import type { ReactNode } from 'react'
import { Router } from 'wouter'
import { AnnounceProvider } from '../../ui/announce.tsx'
import { ConfirmProvider } from '../../ui/confirm.tsx'
import { Failed, Loading } from '../../ui/states.tsx'
import { MeContext, useMeQuery } from '../me.ts'
import { SignIn } from './gate.tsx'
import { LeaveGuard } from '../../ui/leaving/leave-guard.tsx'
import { Shell } from './shell.tsx'
import { WithoutRole } from './without-role.tsx'

const leaving = {
  kept: 'What you have changed stays in this tab: come back here to go on with it.',
  lost: 'What cannot be read as YAML is lost then. What you changed before stays in this tab.',
}

/** The console, for whoever has a role; everybody else is told what they need. */
export function Console(): ReactNode {
  return (
    <Router base="/console">
      <AnnounceProvider>
        <ConfirmProvider>
          <LeaveGuard kept={leaving.kept} lost={leaving.lost}>
            <Gate />
          </LeaveGuard>
        </ConfirmProvider>
        <Notifications position="top-center" />
      </AnnounceProvider>
    </Router>
  )
}

function Gate(): ReactNode {
  const { data, error, refetch } = useMeQuery()
  // Somebody whose session ends goes on seeing what they were at.
  if (error?.status === 403) return <WithoutRole />
  if (data !== undefined) {
    return (
      <MeContext value={data}>
        <Shell />
      </MeContext>
    )
  }
  if (error?.status === 401) return <SignIn />
  return (
    <main className="console-alone">
      {error === null ? (
        <Loading what="the console" />
      ) : (
        <Failed what="the console" fault={error} retry={() => void refetch()} />
      )}
    </main>
  )
}
