import { Button, Group, Text, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState, type ReactNode } from 'react'
import type { BulkAnswer, BulkRequest } from '../../../console/wire/documents.ts'
import type { ProposedChange } from '../../../console/wire/reach.ts'
import { post, type ApiFault } from '../../ui/api.ts'
import { BusyButton } from '../../ui/busy-button.tsx'
import { formatCount, formatNumberOf } from '../../ui/format.ts'
import { notifyDone, notifyFailed } from '../../ui/notify.ts'
import { draftKeyOf, type DocumentKind } from './document-kind.ts'
import './documents.css'
import { keepDraft } from './kept-drafts.ts'
import { ReachDialog } from './reach-dialog.tsx'
import type { Selectable, Selection } from './selection.ts'
import { useRefetchDocuments } from './use-document.ts'

export interface BulkBarProps<T extends Selectable> {
  readonly kind: DocumentKind
  readonly selection: Selection<T>
}

/**
 * As many as the API takes.
 *
 * @limit none: the console's own, which asks for no more
 */
const maxAtOnce = 1_000

type Action = BulkRequest['action']

const titles: Readonly<Record<Action, string>> = {
  enable: 'Enable',
  disable: 'Disable',
  delete: 'Delete',
  tag: 'Tag',
  untag: 'Untag',
}

const done: Readonly<Record<Action, string>> = {
  enable: 'enabled',
  disable: 'disabled',
  delete: 'deleted',
  tag: 'tagged',
  untag: 'untagged',
}

/** What can be done with those that are ticked, all at once or not at all. */
export function BulkBar<T extends Selectable>({ kind, selection }: BulkBarProps<T>): ReactNode {
  const { chosen } = selection
  const [asked, setAsked] = useState<Action>()
  const [words, setWords] = useState('')
  const refetch = useRefetchDocuments()
  const mutation = useMutation<BulkAnswer, ApiFault, Omit<BulkRequest, 'documents'>>({
    mutationFn: (request) =>
      post(`${kind.path}/bulk`, { ...request, documents: chosen.map(named) }),
    onSuccess: async ({ changed }, { action }) => {
      setAsked(undefined)
      if (action === 'delete') for (const id of changed) keepDraft(draftKeyOf(kind, id), undefined)
      notifyDone(`${formatNumberOf(changed.length, kind.one, kind.many)} ${done[action]}`)
      selection.set([])
      await refetch()
    },
    onError: async (fault, { action }) => {
      if (action === 'tag' || action === 'untag') notifyFailed('nothing is changed', fault)
      if (fault.code === 'conflict') await refetch()
    },
  })
  if (chosen.length === 0) return null
  const isTooMany = chosen.length > maxAtOnce
  const tags = words
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '')
  const retag = (action: 'tag' | 'untag'): void => mutation.mutate({ action, tags })
  return (
    <div className="bulk-bar" role="group" aria-label="Those that are ticked">
      <Text fw={600} role="status">
        {formatNumberOf(chosen.length, kind.one, kind.many)} ticked
        {isTooMany && `: at most ${formatCount(maxAtOnce)} at once`}
      </Text>
      <Group gap="xs" align="flex-end">
        {(['enable', 'disable', 'delete'] as const).map((action) => (
          <Button
            key={action}
            variant="default"
            size="xs"
            disabled={isTooMany}
            onClick={() => {
              mutation.reset()
              setAsked(action)
            }}
          >
            {titles[action]} …
          </Button>
        ))}
        <TextInput
          label="Tags, with commas between"
          size="xs"
          value={words}
          onChange={(event) => setWords(event.currentTarget.value)}
        />
        {(['tag', 'untag'] as const).map((action) => (
          <BusyButton
            key={action}
            variant="default"
            size="xs"
            isBusy={mutation.isPending}
            disabled={tags.length === 0 || isTooMany}
            onClick={() => retag(action)}
          >
            {titles[action]}
          </BusyButton>
        ))}
        <Button variant="default" size="xs" onClick={() => selection.set([])}>
          Untick all
        </Button>
      </Group>
      <ReachDialog
        title={`${titles[asked ?? 'disable']} ${formatNumberOf(chosen.length, kind.one, kind.many)}?`}
        action={titles[asked ?? 'disable']}
        changes={asked && changesOf(kind, chosen, asked)}
        isBusy={mutation.isPending}
        fault={mutation.error}
        onConfirm={(note) =>
          asked !== undefined && mutation.mutate({ action: asked, ...(note !== '' && { note }) })
        }
        onClose={() => setAsked(undefined)}
      />
    </div>
  )
}

function named({ id, revision }: Selectable): BulkRequest['documents'][number] {
  return { id, revision: revision ?? 0 }
}

function changesOf(
  { kind }: DocumentKind,
  chosen: readonly Selectable[],
  action: Action,
): readonly ProposedChange[] {
  return chosen.map(({ id }) =>
    action === 'delete'
      ? { kind, id, definition: null }
      : { kind, id, disabled: action === 'disable' },
  )
}
