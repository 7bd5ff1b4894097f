import { Button, Group, Text } from '@mantine/core'
import { Suspense, useEffect, useRef, useState, type ReactNode } from 'react'
import { Redirect, Route, Switch, useLocation } from 'wouter'
import { useConnection } from '../../ui/connection.ts'
import { HasNavigatedContext } from '../../ui/page-head.tsx'
import { Empty, Loading } from '../../ui/states.tsx'
import { useEvents } from '../events.ts'
import { useMe } from '../me.ts'
import { ChunkBoundary } from '../../ui/chunk-boundary.tsx'
import { SessionEnded } from './gate.tsx'
import { Navigation } from './navigation.tsx'
import './shell.css'
import { useViews } from './use-views.ts'

/** The frame around every view: where one can go, who one is, and whether the gateway answers. */
export function Shell(): ReactNode {
  const [location] = useLocation()
  const first = useRef(location)
  useEvents()
  const [hasNavigated, setNavigated] = useState(false)
  useEffect(() => {
    if (location !== first.current) setNavigated(true)
  }, [location])
  return (
    <div className="shell">
      <a className="skip" href="#content">
        Skip to the content
      </a>
      <Header />
      <Navigation />
      <main id="content" tabIndex={-1}>
        <Silence />
        <HasNavigatedContext value={hasNavigated}>
          <ChunkBoundary key={location}>
            <Suspense fallback={<Loading what="this view" />}>
              <Views />
            </Suspense>
          </ChunkBoundary>
        </HasNavigatedContext>
      </main>
      <SessionEnded />
    </div>
  )
}

function Views(): ReactNode {
  const views = useViews()
  return (
    <Switch>
      {views.map(({ path, Content }) => (
        <Route key={path} path={path}>
          <Content />
        </Route>
      ))}
      <Route path="/">
        <Redirect to={views[0]?.path ?? '/nothing'} replace />
      </Route>
      <Route>
        <Empty title="There is no view here, or none for you.">
          The navigation leads to those there are.
        </Empty>
      </Route>
    </Switch>
  )
}

function Header(): ReactNode {
  const { name, email, role, namespaces } = useMe()
  const of = namespaces === null ? '' : ` of ${namespaces.join(', ')}`
  return (
    <header className="shell-header">
      <Text className="mark">Postern</Text>
      <Group gap="sm" className="shell-person">
        <Text size="sm">
          {email ?? name} <span className="shell-role">{roles[role] + of}</span>
        </Text>
        <a href="/">Your routes</a>
        <form method="post" action="/.pomerium/sign_out">
          <Button type="submit" variant="default" size="compact-sm">
            Sign out
          </Button>
        </form>
      </Group>
    </header>
  )
}

const roles = { admin: 'administrator', auditor: 'auditor, reads only' } as const

function Silence(): ReactNode {
  const isSilent = useConnection() === 'silent'
  return (
    <div role="status">
      {isSilent && (
        <Text className="card notice shell-silence">
          The gateway does not answer. This page goes on by itself when it does; what you see is
          from before.
        </Text>
      )}
    </div>
  )
}
