import { Button, Group, Stack, Text, Textarea } from '@mantine/core'
import { createContext, useCallback, useContext, useRef, useState, type ReactNode } from 'react'
import { Dialog } from './dialog.tsx'
import { maxWordsLength, tooLong } from './too-long.ts'

/** A question that somebody answers before something is done. */
export interface Question {
  /** Says what would be done: `End this tunnel?`. */
  readonly title: string
  /** What follows from it. */
  readonly body: ReactNode
  /** What the button says: `End the tunnel`. */
  readonly action: string
  /** Whether it takes nothing from anybody, so that its button is no warning. */
  readonly isHarmless?: boolean
  /** Asks for a reason as well, under this label. */
  readonly reason?: string
}

/** Their answer; undefined for no. */
export type Answer = { readonly reason: string } | undefined

type Ask = (question: Question) => Promise<Answer>

const ConfirmContext = createContext<Ask>(() => Promise.resolve(undefined))

interface Asked {
  readonly question: Question
  readonly answer: (answer: Answer) => void
}

/** Lets what is inside ask questions. */
export function ConfirmProvider({ children }: { readonly children: ReactNode }): ReactNode {
  const [asked, setAsked] = useState<Asked>()
  const [isOpen, setOpen] = useState(false)
  const ask = useCallback<Ask>((question) => {
    const { promise, resolve } = Promise.withResolvers<Answer>()
    setAsked({ question, answer: resolve })
    setOpen(true)
    return promise
  }, [])
  const answer = (given: Answer): void => {
    asked?.answer(given)
    setOpen(false)
  }
  return (
    <ConfirmContext value={ask}>
      {children}
      <Dialog opened={isOpen} onClose={() => answer(undefined)} title={asked?.question.title}>
        {asked !== undefined && <QuestionForm question={asked.question} answer={answer} />}
      </Dialog>
    </ConfirmContext>
  )
}

interface QuestionFormProps {
  readonly question: Question
  readonly answer: (answer: Answer) => void
}

function QuestionForm({ question, answer }: QuestionFormProps): ReactNode {
  const [reason, setReason] = useState('')
  const field = useRef<HTMLTextAreaElement>(null)
  const fault = tooLong(reason, maxWordsLength)
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        if (fault === undefined) answer({ reason: reason.trim() })
        else field.current?.focus()
      }}
    >
      <Stack gap="md">
        <Text component="div">{question.body}</Text>
        {question.reason !== undefined && (
          <Textarea
            ref={field}
            label={question.reason}
            value={reason}
            error={fault}
            required
            data-autofocus
            onChange={(event) => setReason(event.currentTarget.value)}
          />
        )}
        <Group justify="flex-end" gap="sm">
          <Button variant="default" onClick={() => answer(undefined)}>
            Cancel
          </Button>
          <Button
            type="submit"
            {...(question.isHarmless !== true && { color: 'red' })}
            data-autofocus={question.reason === undefined}
          >
            {question.action}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

/** Asks before something is done that cannot be taken back; resolves to the answer, undefined for no. */
export function useConfirm(): Ask {
  return useContext(ConfirmContext)
}
