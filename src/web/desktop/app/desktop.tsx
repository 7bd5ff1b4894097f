import { Notifications } from '@mantine/notifications'
import type { ReactNode } from 'react'
import { Router } from 'wouter'
import { useHashLocation } from 'wouter/use-hash-location'
import { AnnounceProvider } from '../../ui/announce.tsx'
import { ConfirmProvider } from '../../ui/confirm.tsx'
import { LeaveGuard } from '../../ui/leaving/leave-guard.tsx'
import { words } from '../words.ts'
import { Shell } from './shell.tsx'

/** The window of Postern Desktop. Its views are behind the `#`: the daemon serves one page, and nobody leads into the middle of it. */
export function Desktop(): ReactNode {
  return (
    <Router hook={useHashLocation}>
      <AnnounceProvider>
        <ConfirmProvider>
          <LeaveGuard kept={words.leaving.kept} lost={words.leaving.lost}>
            <Shell />
          </LeaveGuard>
        </ConfirmProvider>
        <Notifications position="top-center" />
      </AnnounceProvider>
    </Router>
  )
}
