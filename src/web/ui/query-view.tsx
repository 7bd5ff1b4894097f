import { Button, Group, Paper, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { formatMoment } from './format.ts'
import { Failed, Loading, type FaultShown } from './states.tsx'

export interface QueryViewProps<T> {
  /** What is shown, without a verb: `the tunnels`. */
  readonly what: string
  readonly query: {
    readonly data: T | undefined
    readonly error: FaultShown | null
    readonly isError: boolean
    readonly dataUpdatedAt: number
    readonly refetch: () => unknown
  }
  readonly children: (data: T) => ReactNode
}

/** What was asked for; or that it is being asked for, why it could not be had, or of when it is. */
export function QueryView<T>({ what, query, children }: QueryViewProps<T>): ReactNode {
  const { data, error, isError, dataUpdatedAt, refetch } = query
  const retry = (): void => void refetch()
  if (data === undefined)
    return isError && error !== null ? (
      <Failed what={what} fault={error} retry={retry} />
    ) : (
      <Loading what={what} />
    )
  return (
    <>
      {isError && <Stale what={what} sinceMs={dataUpdatedAt} retry={retry} />}
      {children(data)}
    </>
  )
}

interface StaleProps {
  readonly what: string
  readonly sinceMs: number
  readonly retry: () => void
}

function Stale({ what, sinceMs, retry }: StaleProps): ReactNode {
  return (
    <Paper className="card notice" p="sm" mb="md" role="alert">
      <Group justify="space-between">
        <Text>
          Cannot ask for {what} again. What you see is from {formatMoment(new Date(sinceMs))}.
        </Text>
        <Button variant="default" size="compact-sm" onClick={retry}>
          Try again
        </Button>
      </Group>
    </Paper>
  )
}
