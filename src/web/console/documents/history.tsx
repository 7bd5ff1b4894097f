import { Button, Group, Stack, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState, type ReactNode } from 'react'
import type { HistoryEntry, KeptForm } from '../../../console/wire/documents.ts'
import type { ProposedChange } from '../../../console/wire/reach.ts'
import { post, type ApiFault } from '../../ui/api.ts'
import { Moment } from '../../ui/moment.tsx'
import { Empty } from '../../ui/states.tsx'
import { notifyDone } from '../../ui/notify.ts'
import { usePages } from '../pages.ts'
import { QueryView } from '../../ui/query-view.tsx'
import { Diff } from './diff.tsx'
import { pathOf, type DocumentKind } from './document-kind.ts'
import './documents.css'
import { allKeys } from './kept-form.ts'
import { ReachDialog } from './reach-dialog.tsx'
import { useRefetchDocuments } from './use-document.ts'
import { formatYaml } from './yaml-text.ts'

export interface HistoryProps {
  readonly kind: DocumentKind
  readonly id: string
  /** That of now; null where it is deleted. */
  readonly revision: number | null
  readonly mayChange: boolean
}

/** Every change of one, newest first, with what it changed, and the way back to it. */
export function History({ kind, id, revision, mayChange }: HistoryProps): ReactNode {
  const path = `${pathOf(kind, id)}/history`
  const { query, rows, more } = usePages<HistoryEntry>(kind.many, path)
  const [asked, setAsked] = useState<HistoryEntry>()
  const refetch = useRefetchDocuments()
  const restore = useMutation<unknown, ApiFault, { to: number; note: string }>({
    mutationFn: ({ to, note }) =>
      post(`${pathOf(kind, id)}/restore`, { to, revision, ...(note !== '' && { note }) }),
    onSuccess: async () => {
      setAsked(undefined)
      notifyDone(`the ${kind.one} is as it was then`)
      await refetch()
    },
    onError: async ({ code }) => {
      if (code === 'conflict') await refetch()
    },
  })
  return (
    <QueryView what="the history" query={query}>
      {() =>
        rows.length === 0 ? (
          <Empty title="Nothing was changed here." />
        ) : (
          <Stack gap="sm">
            <ol className="history">
              {rows.map((entry) => (
                <Entry
                  key={entry.revision}
                  entry={entry}
                  isNow={entry.revision === revision}
                  onReturn={
                    mayChange && entry.after !== null && entry.revision !== revision
                      ? () => {
                          restore.reset()
                          setAsked(entry)
                        }
                      : undefined
                  }
                />
              ))}
            </ol>
            {more !== undefined && (
              <div>
                <Button variant="default" onClick={more}>
                  Earlier changes
                </Button>
              </div>
            )}
            <ReachDialog
              title="Return to this form?"
              action="Return to it"
              changes={asked && changeTo(kind, id, revision, asked)}
              isBusy={restore.isPending}
              fault={restore.error}
              onConfirm={(note) =>
                asked !== undefined && restore.mutate({ to: asked.revision, note })
              }
              onClose={() => setAsked(undefined)}
            />
          </Stack>
        )
      }
    </QueryView>
  )
}

function changeTo(
  { kind }: DocumentKind,
  id: string,
  revision: number | null,
  { after }: HistoryEntry,
): readonly ProposedChange[] | undefined {
  if (after === null) return undefined
  const { definition, disabled } = after
  return [{ kind, definition, disabled, ...(revision !== null && { id }) }]
}

interface EntryProps {
  readonly entry: HistoryEntry
  readonly isNow: boolean
  readonly onReturn: (() => void) | undefined
}

function Entry({ entry, isNow, onReturn }: EntryProps): ReactNode {
  const { change, at, by, note, before, after } = entry
  const [isOpen, setOpen] = useState(false)
  return (
    <li className="card history-entry">
      <Group justify="space-between" gap="sm">
        <Text component="div">
          <b>{change.charAt(0).toUpperCase() + change.slice(1)}</b> by {by}, <Moment at={at} />
          {isNow && <span className="tag history-now">as it is now</span>}
          {note !== '' && <div className="row-note">“{note}”</div>}
        </Text>
        <Group gap="xs">
          <Button
            variant="default"
            size="compact-sm"
            aria-expanded={isOpen}
            onClick={() => setOpen(!isOpen)}
          >
            {isOpen ? 'Hide what changed' : 'What changed'}
          </Button>
          {onReturn !== undefined && (
            <Button variant="default" size="compact-sm" onClick={onReturn}>
              Return to this …
            </Button>
          )}
        </Group>
      </Group>
      {isOpen && <Diff before={textOf(before)} after={textOf(after)} />}
    </li>
  )
}

function textOf(form: KeptForm | null): string {
  return form === null ? '' : formatYaml(allKeys(form))
}
