import { Stack, Text, Textarea } from '@mantine/core'
import { useId, useRef, useState, type ReactNode, type SyntheticEvent } from 'react'
import type { AccessAnswer } from '../../../desktop/wire/calls.ts'
import type { ConnectionView } from '../../../desktop/wire/view.ts'
import { BusyButton } from '../../ui/busy-button.tsx'
import { durationsUpTo } from '../../ui/durations.ts'
import { takeLostFocus } from '../../ui/focus-keeper.ts'
import { formatDuration } from '../../ui/format.ts'
import { Moment } from '../../ui/moment.tsx'
import { SelectField } from '../../ui/select-field.tsx'
import { sentence } from '../../ui/sentence.ts'
import { FaultText, type FaultShown } from '../../ui/states.tsx'
import { tooLong } from '../../ui/too-long.ts'
import { call } from '../call.ts'
import { words } from '../words.ts'

const { access: said } = words

/** Seconds: of those that are asked for, a gateway gives what its route allows. */
const usualSeconds = '3600'
const longestSeconds = 7 * 24 * 3_600
const times = durationsUpTo(longestSeconds).map((seconds) => ({
  value: String(seconds),
  label: formatDuration(seconds * 1_000),
}))
/**
 * Characters of a reason, as the daemon has it.
 *
 * @limit none: the page says so before the daemon does
 */
const maxReasonChars = 2_000

/** A request for access for a while, where the gateway has said no. */
export function AskForAccess({ connection }: { readonly connection: ConnectionView }): ReactNode {
  const [reason, setReason] = useState('')
  const [seconds, setSeconds] = useState(usualSeconds)
  const [isTried, setTried] = useState(false)
  const [isBusy, setBusy] = useState(false)
  const [fault, setFault] = useState<FaultShown>()
  const [answer, setAnswer] = useState<AccessAnswer>()
  const field = useRef<HTMLTextAreaElement>(null)
  const id = useId()
  const problem =
    isTried && reason.trim() === '' ? said.needReason : tooLong(reason, maxReasonChars)

  const ask = async (): Promise<void> => {
    setBusy(true)
    setFault(undefined)
    try {
      const input = {
        connection: connection.id,
        reason: reason.trim(),
        seconds: Number(seconds),
      }
      setAnswer(await call('POST /requests', { input }))
    } catch (error) {
      setFault(error instanceof Error ? error : new Error(String(error)))
    } finally {
      setBusy(false)
    }
  }
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault()
    setTried(true)
    if (reason.trim() === '' || problem !== undefined) field.current?.focus()
    else if (!isBusy) void ask()
  }
  if (answer !== undefined) return <Asked answer={answer} />
  return (
    <form noValidate onSubmit={submit} aria-labelledby={id} className="ask">
      <Stack gap="sm">
        <Text id={id} fw={600}>
          {said.title}
        </Text>
        <Text c="dimmed">{said.lead}</Text>
        <Textarea
          ref={field}
          label={said.reason}
          description={said.reasonHint}
          error={problem}
          rows={2}
          required
          value={reason}
          onChange={({ currentTarget }) => setReason(currentTarget.value)}
        />
        <SelectField label={said.time} value={seconds} options={times} onChange={setSeconds} />
        {fault !== undefined && (
          <div role="alert">
            <FaultText fault={fault} />
          </div>
        )}
        <div>
          <BusyButton type="submit" isBusy={isBusy}>
            {said.ask}
          </BusyButton>
        </div>
      </Stack>
    </form>
  )
}

function Asked({ answer }: { readonly answer: AccessAnswer }): ReactNode {
  const { message, ends_at: endsAt } = answer
  return (
    <div ref={takeLostFocus} tabIndex={-1} role="status" className="ask">
      <Text>{sentence(message)}</Text>
      {endsAt !== undefined && (
        <Text>
          {said.until} <Moment at={endsAt} />.
        </Text>
      )}
    </div>
  )
}
