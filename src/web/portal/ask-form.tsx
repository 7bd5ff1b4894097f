import { Button, NativeSelect, Stack, Text, Textarea, VisuallyHidden } from '@mantine/core'
import { useId, useRef, useState, type ReactNode, type SyntheticEvent } from 'react'
import type { PortalRoute } from '../../console/portal-view.ts'
import { durationsUpTo } from '../ui/durations.ts'
import { takeLostFocus } from '../ui/focus-keeper.ts'
import { formatDuration } from '../ui/format.ts'
import { FaultText } from '../ui/states.tsx'
import { maxWordsLength, tooLong } from '../ui/too-long.ts'
import { useAccessCall } from './use-access-call.ts'

/** What is chosen first, in seconds, where the route allows it. */
const usualSeconds = 3_600

export interface AskFormProps {
  readonly route: Pick<PortalRoute, 'id' | 'name'>
  readonly maxSeconds: number
  /** Whether approvers are asked, or somebody lets themselves in. */
  readonly kind: 'approval' | 'break-glass'
}

/** A button, and the form that it opens: for how long, and what for. */
export function AskForm({ route, maxSeconds, kind }: AskFormProps): ReactNode {
  const [isOpen, setOpen] = useState(false)
  const [reason, setReason] = useState('')
  const [seconds, setSeconds] = useState(usualSeconds)
  const formId = useId()
  const { open } = words[kind]
  const wish = { reason, seconds: Math.min(seconds, maxSeconds) }
  return (
    <div className={isOpen && kind === 'break-glass' ? 'access access-loud' : 'access'}>
      <div>
        <Button
          ref={takeLostFocus}
          variant="default"
          className={kind === 'break-glass' ? 'access-alarm' : ''}
          aria-expanded={isOpen}
          aria-controls={isOpen ? formId : undefined}
          onClick={() => setOpen(!isOpen)}
        >
          {open}
          <VisuallyHidden>&nbsp;({route.name})</VisuallyHidden>
        </Button>
      </div>
      {isOpen && <Form {...{ route, maxSeconds, kind, wish, setReason, setSeconds, formId }} />}
    </div>
  )
}

interface FormProps extends AskFormProps {
  readonly formId: string
  /** Kept while the form is closed. */
  readonly wish: { readonly reason: string; readonly seconds: number }
  readonly setReason: (reason: string) => void
  readonly setSeconds: (seconds: number) => void
}

function Form(props: FormProps): ReactNode {
  const { formId, route, maxSeconds, kind, wish, setReason, setSeconds } = props
  const [isTried, setTried] = useState(false)
  const field = useRef<HTMLTextAreaElement>(null)
  const { call, isBusy, fault } = useAccessCall()
  const { warning, explanation, act, acting, done, path } = words[kind]
  const problem = problemOf(wish.reason, isTried)
  const ask = (event: SyntheticEvent): void => {
    event.preventDefault()
    setTried(true)
    const reason = wish.reason.trim()
    if (problemOf(reason, true) !== undefined) {
      field.current?.focus()
      return
    }
    const body = { route: route.id, for_seconds: wish.seconds, reason }
    call({ path, body, done: `${done} ${route.name}` })
  }
  return (
    <form id={formId} noValidate onSubmit={ask} aria-label={`${act}: ${route.name}`}>
      <Stack gap="sm" align="stretch">
        {warning !== undefined && <Text className="access-alarm">{warning}</Text>}
        <Textarea
          ref={field}
          label="What for"
          description={explanation}
          error={problem}
          value={wish.reason}
          rows={2}
          required
          onChange={(event) => setReason(event.currentTarget.value)}
        />
        <NativeSelect
          label="For how long"
          value={String(wish.seconds)}
          data={durationsUpTo(maxSeconds).map((value) => ({
            value: String(value),
            label: formatDuration(value * 1_000),
          }))}
          onChange={(event) => setSeconds(Number(event.currentTarget.value))}
        />
        {fault !== null && !isBusy && (
          <div role="alert">
            <FaultText fault={fault} />
          </div>
        )}
        <div>
          <Button
            type="submit"
            {...(kind === 'break-glass' && { color: 'red' })}
            aria-disabled={isBusy}
          >
            {isBusy ? acting : act}
          </Button>
        </div>
      </Stack>
    </form>
  )
}

interface Words {
  readonly open: string
  readonly warning?: string
  readonly explanation: string
  readonly act: string
  readonly acting: string
  readonly done: string
  readonly path: string
}

const words: Readonly<Record<AskFormProps['kind'], Words>> = {
  approval: {
    open: 'Ask for access',
    explanation: 'Whoever answers reads it, and the audit log keeps it.',
    act: 'Ask',
    acting: 'Asking …',
    done: 'Asked for access to',
    path: '/requests',
  },
  'break-glass': {
    open: 'Break glass',
    warning:
      'In an emergency alone: nobody is asked, and whoever runs this gateway is told at once.',
    explanation: 'They read it, and the audit log keeps it.',
    act: 'Let me in now',
    acting: 'Letting you in …',
    done: 'Let you in to',
    path: '/break-glass',
  },
}

/** An empty one is one only once somebody has tried to go on. */
function problemOf(reason: string, isTried: boolean): string | undefined {
  if (reason.trim() === '' && isTried) return 'Say what it is for'
  return tooLong(reason, maxWordsLength)
}
