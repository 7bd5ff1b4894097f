import { lazy, type ReactNode } from 'react'
import { useDaemon } from '../live.ts'
import { ListView } from './list-view.tsx'

const FirstRun = lazy(() => import('../transfer/first-run.tsx'))

/** The connections; where there are none, the way to the first. */
export function Home(): ReactNode {
  const { connections } = useDaemon()
  return connections.length === 0 ? <FirstRun /> : <ListView />
}
