import { Button, Loader, Paper, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import type { Problem } from '../../console/wire/common.ts'
import { sentence } from './sentence.ts'

/** Something is being asked for; `what` names it: `the tunnels`. */
export function Loading({ what }: { readonly what: string }): ReactNode {
  return (
    <div className="state" role="status">
      <Loader size="sm" aria-hidden />
      <Text c="dimmed">Loading {what} …</Text>
    </div>
  )
}

export interface EmptyProps {
  /** That there is nothing, as a sentence. */
  readonly title: string
  /** What to do about it, where there is something. */
  readonly children?: ReactNode
}

/** There is nothing to show, and that is no fault. */
export function Empty({ title, children }: EmptyProps): ReactNode {
  return (
    <Paper className="card" p="lg">
      <Text fw={600}>{title}</Text>
      {children !== undefined && <Text c="dimmed">{children}</Text>}
    </Paper>
  )
}

export interface FailedProps {
  /** What was to be done, without a verb in front: `the tunnels`. */
  readonly what: string
  readonly fault: FaultShown
  readonly retry?: (() => void) | undefined
}

export interface FaultShown {
  /** Lower case, without a full stop, as the API says it. */
  readonly message: string
  readonly hint?: string | undefined
  readonly requestId?: string | undefined
  readonly code?: string
  /** What is wrong with what was sent, each with its place. */
  readonly problems?: readonly Pick<Problem, 'path' | 'message' | 'hint'>[]
}

/** Something could not be shown: why, what to do, and the request's id for whoever reads the log. */
export function Failed({ what, fault, retry }: FailedProps): ReactNode {
  return (
    <Paper className="card notice" p="lg" role="alert">
      <Stack gap="xs" align="flex-start">
        <Text fw={600}>Cannot show {what}.</Text>
        <FaultText fault={fault} />
        {retry !== undefined && (
          <Button variant="default" onClick={retry}>
            Try again
          </Button>
        )}
      </Stack>
    </Paper>
  )
}

/** What the gateway said of a fault, in sentences. */
export function FaultText({ fault }: { readonly fault: FaultShown }): ReactNode {
  const { hint, requestId } = fault
  return (
    <div>
      {messagesOf(fault).map((message) => (
        <Text key={message}>{sentence(message)}</Text>
      ))}
      {hint !== undefined && <Text c="dimmed">{sentence(hint)}</Text>}
      {requestId !== undefined && (
        <Text c="dimmed" size="sm">
          Request <code>{requestId}</code>
        </Text>
      )}
    </div>
  )
}

/** Whoever typed what was sent learns nothing from "the body is not what is expected", but where and why. */
function messagesOf({ code, message, problems = [] }: FaultShown): readonly string[] {
  if (code !== 'malformed_request' || problems.length === 0) return [message]
  return problems.map(({ path, message: text, hint }) => {
    const place = path.replace(/^(?:body|query|path)\.?/, '')
    return `${place === '' ? '' : `“${place}” `}${text}${hint === undefined ? '' : `: ${hint}`}`
  })
}
