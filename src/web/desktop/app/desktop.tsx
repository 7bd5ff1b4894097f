import { Notifications } from '@mantine/notifications'
import type { ReactNode } from 'react'
import { Router } from 'wouter'
import { AnnounceProvider } from '../../ui/announce.tsx'
import { ConfirmProvider } from '../../ui/confirm.tsx'
import { LeaveGuard } from '../../ui/leaving/leave-guard.tsx'
import { words } from '../words.ts'
import { Shell } from './shell.tsx'

/** The window of Postern Desktop. */
export function Desktop(): ReactNode {
  return (
    <Router>
      <AnnounceProvider>
        <ConfirmProvider>
          <LeaveGuard kept={words.leaving.kept} lost={words.leaving.lost}>
            <Shell />
          </LeaveGuard>
        </ConfirmProvider>
        <Notifications position="bottom-right" />
      </AnnounceProvider>
    </Router>
  )
}
