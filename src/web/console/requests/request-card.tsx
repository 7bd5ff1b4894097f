import {
  Button,
  Group,
  NativeSelect,
  Paper,
  Stack,
  Text,
  TextInput,
  VisuallyHidden,
} from '@mantine/core'
import { useRef, useState, type ReactNode } from 'react'
import type { AccessRequestView } from '../../../console/wire/requests.ts'
import { BusyButton } from '../../ui/busy-button.tsx'
import { useConfirm } from '../../ui/confirm.tsx'
import { formatDuration } from '../../ui/format.ts'
import { Moment, Since } from '../../ui/moment.tsx'
import { maxWordsLength, tooLong } from '../../ui/too-long.ts'
import { durationsUpTo } from '../../ui/durations.ts'
import './requests.css'
import { useDecision, type Decide } from './use-decision.ts'

/** One request, with what may be done about it. */
export function RequestCard({ request }: { readonly request: AccessRequestView }): ReactNode {
  const { state, break_glass, reason, note, may_decide, may_end } = request
  const decision = useDecision(request)
  return (
    <Paper className={break_glass ? 'card request-loud' : 'card'} p="md">
      <Stack gap="xs">
        {break_glass && <Text className="request-alarm">Break glass: nobody was asked</Text>}
        <Text component="div">
          <b>{nameOf(request)}</b> for <b>{request.route_name}</b>, for{' '}
          {formatDuration(request.for_seconds * 1_000)}
        </Text>
        <Text className="request-reason">“{reason}”</Text>
        <Text size="sm" c="dimmed" component="div">
          Asked <Since at={request.asked_at} /> ago
          {state === 'pending' && (
            <>
              , waits until <Moment at={request.expires_at} />
            </>
          )}
          {state === 'approved' && request.until !== undefined && (
            <>
              {request.decided_by !== undefined &&
                !break_glass &&
                `, given by ${request.decided_by}`}
              , ends at <Moment at={request.until} />
            </>
          )}
          {note !== undefined && ` — “${note}”`}
        </Text>
        {may_decide && <Answer request={request} decision={decision} />}
        {may_end && !may_decide && <EndButton request={request} decision={decision} />}
        {state === 'pending' && !may_decide && !may_end && (
          <Text size="sm" c="dimmed">
            {request.mine
              ? 'Its approvers answer it.'
              : 'Its approvers answer it; you are not among them.'}
          </Text>
        )}
      </Stack>
    </Paper>
  )
}

interface DecisionProps {
  readonly request: AccessRequestView
  readonly decision: Decide
}

function Answer({ request, decision: { decide, isBusy } }: DecisionProps): ReactNode {
  const [seconds, setSeconds] = useState(request.for_seconds)
  const [note, setNote] = useState('')
  const of = <VisuallyHidden>&nbsp;the request of {nameOf(request)}</VisuallyHidden>
  const words = note.trim() === '' ? {} : { note: note.trim() }
  const noteFault = tooLong(note, maxWordsLength)
  const field = useRef<HTMLInputElement>(null)
  const answer: typeof decide = (word, more) => {
    if (noteFault === undefined) decide(word, more)
    else field.current?.focus()
  }
  return (
    <div className="request-answer">
      <NativeSelect
        label="For"
        value={String(seconds)}
        data={durationsUpTo(request.for_seconds).map((value) => ({
          value: String(value),
          label: formatDuration(value * 1_000),
        }))}
        onChange={(event) => setSeconds(Number(event.currentTarget.value))}
      />
      <TextInput
        ref={field}
        label="Note to them, or nothing"
        value={note}
        error={noteFault}
        onChange={(event) => setNote(event.currentTarget.value)}
      />
      <Group gap="xs">
        <BusyButton
          isBusy={isBusy}
          onClick={() => answer('approve', { for_seconds: seconds, ...words })}
        >
          Approve{of}
        </BusyButton>
        <Button variant="default" disabled={isBusy} onClick={() => answer('deny', words)}>
          Deny{of}
        </Button>
      </Group>
    </div>
  )
}

function EndButton({ request, decision: { decide, isBusy } }: DecisionProps): ReactNode {
  const confirm = useConfirm()
  const isPending = request.state === 'pending'
  const end = async (): Promise<void> => {
    const answer = await confirm({
      title: isPending ? 'Cancel this request?' : 'End this access now?',
      body: isPending
        ? 'Nobody is asked any longer.'
        : `Tunnels that ${nameOf(request)} has open by it are cut.`,
      action: isPending ? 'Cancel the request' : 'End it',
    })
    if (answer !== undefined) decide('end', {})
  }
  return (
    <div>
      <BusyButton variant="default" size="xs" isBusy={isBusy} onClick={() => void end()}>
        {isPending ? 'Cancel …' : 'End now …'}
        <VisuallyHidden>&nbsp;the access of {nameOf(request)}</VisuallyHidden>
      </BusyButton>
    </div>
  )
}

function nameOf({ email, user_id }: AccessRequestView): string {
  return email ?? user_id
}
