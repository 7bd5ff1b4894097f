import type { ReactNode } from 'react'
import { PageHead } from '../../ui/page-head.tsx'
import { useSearchWords } from '../../ui/search-state.ts'
import { RouteChoice } from './route-choice.tsx'
import { TryPanel } from './try-panel.tsx'

/** What would be decided, without anybody trying it. */
export default function TryView(): ReactNode {
  const [search] = useSearchWords()
  return (
    <>
      <PageHead
        title="Try it"
        lead="What the gateway would decide for somebody, and why, criterion by criterion. Nothing is opened or recorded as an attempt."
      />
      <TryPanel
        route={undefined}
        initialRoute={search.get('route') ?? ''}
        routeField={(route, set) => <RouteChoice route={route} onChange={set} />}
      />
    </>
  )
}
