import { Anchor, Text } from '@mantine/core'
import { lazy, Suspense, type ReactNode } from 'react'
import { Route, Switch } from 'wouter'
import { Loading } from '../../ui/states.tsx'
import { NoRole } from './gate.tsx'

const RequestsView = lazy(() => import('../requests/requests-view.tsx'))

/** For somebody who has no role: their own requests and those that they may answer, for which none is needed. */
export function WithoutRole(): ReactNode {
  return (
    <Switch>
      <Route path="/requests">
        <main className="console-alone console-requests">
          <Text className="mark">Postern</Text>
          <Suspense fallback={<Loading what="the requests" />}>
            <RequestsView />
          </Suspense>
          <Text mt="lg">
            <Anchor href="/" underline="always">
              Your routes
            </Anchor>
          </Text>
        </main>
      </Route>
      <Route>
        <NoRole />
      </Route>
    </Switch>
  )
}
