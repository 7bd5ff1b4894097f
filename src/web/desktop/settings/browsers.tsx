import { Button, Text, VisuallyHidden } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import type { BrowserView } from '../../../desktop/wire/calls.ts'
import { useAct } from '../../ui/act.ts'
import { useConfirm } from '../../ui/confirm.tsx'
import { Moment } from '../../ui/moment.tsx'
import { QueryView } from '../../ui/query-view.tsx'
import { call, type DaemonFault } from '../call.ts'
import { Card } from '../card.tsx'
import { words } from '../words.ts'

const { settings: said } = words

/** The browsers that may use the window. */
export function Browsers(): ReactNode {
  const query = useQuery<{ readonly browsers: readonly BrowserView[] }, DaemonFault>({
    queryKey: ['browsers'],
    queryFn: ({ signal }) => call('GET /browsers', { signal }),
  })
  return (
    <Card title={said.browsers}>
      <QueryView what={said.browsersWhat} query={query}>
        {({ browsers }) => (
          <ul className="lines">
            {browsers.map((browser) => (
              <li key={browser.id}>
                <Browser browser={browser} />
              </li>
            ))}
          </ul>
        )}
      </QueryView>
    </Card>
  )
}

function Browser({ browser }: { readonly browser: BrowserView }): ReactNode {
  const { id, name, added_at: addedAt, used_at: usedAt, is_this: isThis } = browser
  const { act, isBusy } = useAct()
  const confirm = useConfirm()
  const revoke = async (): Promise<void> => {
    const answer = await confirm({
      title: said.revokeTitle(name),
      body: isThis ? said.revokeThis : said.revokeBody,
      action: said.revoke,
    })
    if (answer === undefined) return
    await act({
      async run() {
        await call('DELETE /browsers/:id', { id })
        return said.revoked(name)
      },
      failed: said.notRevoked,
      changes: ['browsers'],
    })
  }
  return (
    <>
      <div>
        <Text fw={600}>
          {name}
          {isThis && ` (${said.thisBrowser})`}
        </Text>
        <Text size="sm" c="dimmed" component="div">
          {said.added} <Moment at={addedAt} />, {said.used} <Moment at={usedAt} />
        </Text>
      </div>
      <Button
        variant="default"
        size="compact-sm"
        aria-disabled={isBusy}
        onClick={() => void revoke()}
      >
        {said.revoke}
        <VisuallyHidden>&nbsp;{said.revokeOf(name)}</VisuallyHidden>
      </Button>
    </>
  )
}
