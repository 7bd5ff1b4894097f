import { Button, Group, Stack, Text, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useRef, useState, type ReactNode } from 'react'
import type { ProposedChange, ReachAnswer } from '../../../console/wire/reach.ts'
import { post, type ApiFault } from '../../ui/api.ts'
import { BusyButton } from '../../ui/busy-button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { FaultText, Loading } from '../../ui/states.tsx'
import { maxWordsLength, tooLong } from '../../ui/too-long.ts'
import { ProblemList } from './problem-list.tsx'
import { Reach } from './reach.tsx'

export interface ReachDialogProps {
  /** Says what would be done: `Save “db”?`. */
  readonly title: string
  /** What the button says: `Save`. */
  readonly action: string
  /** Undefined while nobody asks. */
  readonly changes: readonly ProposedChange[] | undefined
  readonly isBusy: boolean
  /** Why it was not done. */
  readonly fault: ApiFault | null
  readonly onConfirm: (note: string) => void
  readonly onClose: () => void
}

/** What a change would do to people and tunnels, before it is made. */
export function ReachDialog({ changes, title, onClose, ...more }: ReachDialogProps): ReactNode {
  return (
    <Dialog opened={changes !== undefined} onClose={onClose} title={title} size="lg">
      {changes !== undefined && <Asked changes={changes} onClose={onClose} {...more} />}
    </Dialog>
  )
}

type AskedProps = Omit<ReachDialogProps, 'title' | 'changes'> & {
  readonly changes: readonly ProposedChange[]
}

function Asked({ changes, action, isBusy, fault, onConfirm, onClose }: AskedProps): ReactNode {
  const [note, setNote] = useState('')
  const field = useRef<HTMLInputElement>(null)
  const noteFault = tooLong(note, maxWordsLength)
  const reach = useQuery<ReachAnswer, ApiFault>({
    queryKey: ['reach', changes],
    queryFn: () => post<ReachAnswer>('/reach', { changes }),
    gcTime: 0,
    staleTime: 0,
  })
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        if (noteFault === undefined) onConfirm(note.trim())
        else field.current?.focus()
      }}
    >
      <Stack gap="md">
        {reach.data !== undefined && <Reach reach={reach.data} />}
        {reach.isPending && <Loading what="whom it reaches" />}
        {reach.isError && <NoReach fault={reach.error} />}
        <TextInput
          label="Why"
          description="A word for the history; may stay empty"
          ref={field}
          value={note}
          error={noteFault}
          data-autofocus
          onChange={(event) => setNote(event.currentTarget.value)}
        />
        {fault !== null && (
          <div role="alert">
            <FaultText fault={fault} />
          </div>
        )}
        <Group justify="flex-end" gap="sm">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <BusyButton
            type="submit"
            isBusy={isBusy}
            disabled={reach.isPending || cannotBe(reach.error)}
          >
            {action}
          </BusyButton>
        </Group>
      </Stack>
    </form>
  )
}

/** Whether the gateway would refuse the change itself. */
function cannotBe(fault: ApiFault | null): boolean {
  return fault !== null && [403, 404, 422].includes(fault.status)
}

/** Where only its reach is unknown, the change can be made: all tunnels are decided again by what then holds. */
function NoReach({ fault }: { readonly fault: ApiFault }): ReactNode {
  return (
    <div role="alert">
      <Text fw={600}>
        {cannotBe(fault) ? 'It cannot be done like this.' : 'Whom it would reach is not known now.'}
      </Text>
      <FaultText fault={fault} />
      <ProblemList title="To be mended:" problems={fault.problems} />
    </div>
  )
}
