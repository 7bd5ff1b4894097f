import { Text } from '@mantine/core'
import { Suspense, useEffect, useRef, useState, type ReactNode } from 'react'
import { Link, Route, Switch, useLocation } from 'wouter'
import { ChunkBoundary } from '../../ui/chunk-boundary.tsx'
import { HasNavigatedContext } from '../../ui/page-head.tsx'
import { Loading } from '../../ui/states.tsx'
import { useFollowing, useLive } from '../live.ts'
import { NothingHere } from '../nothing-here.tsx'
import { words } from '../words.ts'
import { LinkLost, LinkNotice, LinkRefused } from './link-states.tsx'
import { NewMenu } from './new-menu.tsx'
import { views } from './views.ts'

/** The frame around every view: where one can go, and whether the daemon answers. */
export function Shell(): ReactNode {
  const [location] = useLocation()
  const first = useRef(location)
  useFollowing()
  const [hasNavigated, setNavigated] = useState(false)
  useEffect(() => {
    if (location !== first.current) setNavigated(true)
  }, [location])
  return (
    <div className="window">
      <a className="skip" href="#content">
        {words.skip}
      </a>
      <Header />
      <main id="content" tabIndex={-1}>
        <LinkNotice />
        <HasNavigatedContext value={hasNavigated}>
          <ChunkBoundary key={location}>
            <Suspense fallback={<Loading what={words.view} />}>
              <Content />
            </Suspense>
          </ChunkBoundary>
        </HasNavigatedContext>
      </main>
    </div>
  )
}

/** A view, once there is something to show in it; what somebody works at stays when the daemon goes. */
function Content(): ReactNode {
  const { link, daemon } = useLive()
  if (link === 'refused') return <LinkRefused />
  if (daemon === undefined) return link === 'lost' ? <LinkLost /> : <Loading what={words.loading} />
  return (
    <Switch>
      {views.map(({ path, Content: View }) => (
        <Route key={path} path={path}>
          <View />
        </Route>
      ))}
      <Route>
        <NothingHere title={words.nothingHere.title}>{words.nothingHere.next}</NothingHere>
      </Route>
    </Switch>
  )
}

function Header(): ReactNode {
  const [location] = useLocation()
  const { link, daemon } = useLive()
  const isSettings = location === '/settings'
  return (
    <header className="window-header">
      <Text className="mark">Postern</Text>
      {daemon !== undefined && link !== 'refused' && (
        <>
          <nav aria-label={words.navigation}>
            <Link href="/" aria-current={isSettings ? undefined : 'page'}>
              {words.views.connections}
            </Link>
            <Link href="/settings" aria-current={isSettings ? 'page' : undefined}>
              {words.views.settings}
            </Link>
          </nav>
          <NewMenu />
        </>
      )}
    </header>
  )
}
